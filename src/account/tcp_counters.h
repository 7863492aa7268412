// The kernel's own counters of one network namespace, from /proc/PID/net (no setns: a file there
// belongs to PID's namespace).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twtrace {

/// TcpExt of netstat, and sockstat. net/ipv4/inet_timewait_sock.c (__inet_twsk_schedule) counts a
/// minisock when it is scheduled: as TW, or as TWKilled where its timeout is 4 s or less (a short
/// FIN_WAIT2).
struct TcpCounters {
    std::uint64_t tw = 0;
    std::uint64_t tw_killed = 0;
    std::uint64_t tw_overflow =
        0; ///< TCPTimeWaitOverflow: tcp_max_tw_buckets reached, no minisock made

    /// Hand-overs to a minisock.
    [[nodiscard]] std::uint64_t entered() const { return tw + tw_killed; }
};

/// From the text of /proc/PID/net/netstat; nothing if it has no TcpExt lines
/// or no number for TW in them.
std::optional<TcpCounters> parse_netstat(std::string_view text);

/// From DIRECTORY/netstat, such as /proc/1/net; nothing if the namespace is gone or may not be
/// read.
std::optional<TcpCounters> read_tcp_counters(const std::string& directory);

} // namespace twtrace
