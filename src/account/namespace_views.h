// The existing network namespaces, with their present time-wait sockets and settings, for the live
// view, the exporter and the doctor.
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

    /// Finds the existing namespaces and their settings. Live, this takes a walk over /proc and a
    /// thread for each; every ten seconds is often enough.
    virtual void find() = 0;
    /// Counts their sockets, by reading two small files for each.
    virtual void count() = 0;
    /// What to assume in a namespace whose settings are not known; none: nothing.
    [[nodiscard]] virtual std::optional<NetSettings> usual_settings() const = 0;
    /// The name as tables show it.
    [[nodiscard]] virtual std::string name_of(std::uint32_t inode) = 0;

    /// By inode.
    [[nodiscard]] const std::map<std::uint32_t, NamespaceView>& views() const { return views_; }

  protected:
    std::map<std::uint32_t, NamespaceView> views_;
};

} // namespace twtrace
