// Access to the present sockets of network namespaces: all of them, or chosen ones.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "account/conntrack.h"
#include "account/net_settings.h"
#include "account/sockstat.h"
#include "source/sockets.h"
#include "util/result.h"

namespace twtrace {

struct OpenNamespace {
    std::uint32_t inode = 0;
    std::optional<SockStat> counts; ///< at the time of opening
    NetSettings settings;
    Conntrack conntrack; ///< at the time of opening
    SocketDump sockets;  ///< takes one file descriptor each

    /// A dump would find nothing, and walks the table of all namespaces.
    [[nodiscard]] bool is_empty() const {
        return counts && counts->inuse == 0 && counts->time_wait == 0;
    }
};

/// chosen: inodes; empty: every existing namespace, which needs CAP_SYS_ADMIN. Namespaces that end
/// meanwhile are left out if all are wanted; a chosen one that can't be entered is an error.
Result<std::vector<OpenNamespace>> open_namespaces(const std::vector<std::uint32_t>& chosen);

} // namespace twtrace
