// The number of TCP sockets that a network namespace has now: the kernel's own count, from two
// small files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twtrace {

struct SockStat {
    std::uint64_t inuse = 0;     ///< IPv4 and IPv6, without time-wait minisocks
    std::uint64_t allocated = 0; ///< of all network namespaces, listening and orphaned ones too
    std::uint64_t time_wait = 0; ///< minisocks in either substate, IPv4 and IPv6: `ss -s` timewait
};

/// From the contents of sockstat and sockstat6 (empty: the kernel has no IPv6); none if the first
/// has no TCP line.
std::optional<SockStat> parse_sockstat(std::string_view sockstat, std::string_view sockstat6);

/// From DIRECTORY/sockstat and sockstat6, such as /proc/1/net.
std::optional<SockStat> read_sockstat(const std::string& directory);

} // namespace twtrace
