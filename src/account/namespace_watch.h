// The network namespaces that there are, with their present time-wait sockets and settings: what a
// live view, an exporter and the doctor show beside the events.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "account/net_settings.h"
#include "account/sockstat.h"

namespace twtrace {

struct NamespaceView {
    std::optional<SockStat> counts;
    std::optional<NetSettings> settings; ///< none: not ours, and CAP_SYS_ADMIN is missing
};

class NamespaceWatch {
  public:
    /// chosen: inodes; empty: all.
    explicit NamespaceWatch(std::vector<std::uint32_t> chosen = {}) : chosen_(std::move(chosen)) {}

    /// Finds out which namespaces there are, and their settings: a walk over /proc and a thread for
    /// each; every ten seconds is often enough.
    void look();
    /// Counts their sockets: two small files each.
    void count();

    /// By inode.
    [[nodiscard]] const std::map<std::uint32_t, NamespaceView>& views() const { return views_; }

  private:
    [[nodiscard]] bool wanted(std::uint32_t inode) const;

    std::vector<std::uint32_t> chosen_;
    std::map<std::uint32_t, NamespaceView> views_;
    std::map<std::uint32_t, std::string> files_; // the ways in
};

} // namespace twtrace
