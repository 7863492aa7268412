// The network namespaces that there are, with their present time-wait sockets and settings: what a
// view, an exporter and the doctor show beside the events.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "account/net_settings.h"
#include "account/sockstat.h"

namespace twtrace {

struct NamespaceView {
    std::optional<SockStat> counts;
    std::optional<NetSettings> settings; ///< none: not ours, and CAP_SYS_ADMIN is missing
};

class NamespaceViews {
  public:
    virtual ~NamespaceViews() = default;

    /// Finds out which namespaces there are, and their settings: live, that is a walk over /proc
    /// and a thread for each; every ten seconds is often enough.
    virtual void look() = 0;
    /// Counts their sockets: two small files each.
    virtual void count() = 0;
    /// Ports that connect() can pick in a namespace whose settings are not known; 0: not known.
    [[nodiscard]] virtual std::uint32_t usual_ports() const = 0;
    /// As tables show it.
    [[nodiscard]] virtual std::string name_of(std::uint32_t inode) = 0;

    /// By inode.
    [[nodiscard]] const std::map<std::uint32_t, NamespaceView>& views() const { return views_; }

  protected:
    std::map<std::uint32_t, NamespaceView> views_;
};

} // namespace twtrace
