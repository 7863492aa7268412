// The port settings of the network namespaces that a run has to do with. Those of a namespace that
// has ended stay: its entries are still counted.
#pragma once

#include <memory>
#include <unordered_set>

#include "account/namespace_views.h"
#include "ports/port_rules.h"

namespace twtrace {

class PortRulesWatch {
  public:
    explicit PortRulesWatch(std::unique_ptr<NamespaceViews> namespaces)
        : namespaces_(std::move(namespaces)) {
        look();
    }

    void look();
    /// True: there is a namespace that was not known before, and now look() was called.
    bool look_for(std::uint32_t netns, std::uint64_t now_ns);
    [[nodiscard]] const RulesByNetns& rules() const { return rules_; }

  private:
    std::unique_ptr<NamespaceViews> namespaces_;
    RulesByNetns rules_;
    std::unordered_set<std::uint32_t> looked_for_;
    std::uint64_t next_ns_ = 0;
};

} // namespace twtrace
