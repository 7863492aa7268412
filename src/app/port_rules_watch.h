// The port settings of the network namespaces of a run. Those of a namespace that has ended are
// kept, because its entries are still counted.
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
        update();
    }

    void update();
    /// True: the namespace was not known before, and update() was called.
    bool update_if_new(std::uint32_t netns, std::uint64_t now_ns);
    [[nodiscard]] const RulesByNetns& rules() const { return rules_; }

  private:
    std::unique_ptr<NamespaceViews> namespaces_;
    RulesByNetns rules_;
    std::unordered_set<std::uint32_t> searched_;
    std::uint32_t last_ = 0; // one of these; 0: none
    std::uint64_t next_ns_ = 0;
};

} // namespace twtrace
