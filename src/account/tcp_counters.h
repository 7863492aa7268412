// The kernel's own counters of one network namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace twtrace {

/// When the kernel counts a minisock in TcpExt (docs/kernels.md;
/// LiveSource::counts_time_wait_at_end()).
enum class CountedAt { Schedule, End };

/// From TcpExt of /proc/PID/net/netstat, and /proc/PID/net/sockstat.
struct TcpCounters {
    std::uint64_t tw = 0;
    std::uint64_t tw_killed =
        0; ///< TWKilled: minisocks with a timeout of 4 s or less are counted here instead
    std::uint64_t tw_recycled = 0; ///< TWRecycled: taken over by connect()
    std::uint64_t tw_overflow =
        0; ///< TCPTimeWaitOverflow: tcp_max_tw_buckets reached, no minisock created
    std::uint64_t present = 0; ///< minisocks that exist now

    /// Entries since the namespace was created. A kernel that counts them when they end omits those
    /// that an RST or a SYN ended: the result is then a lower bound.
    [[nodiscard]] std::uint64_t entered(CountedAt counted_at) const {
        return counted_at == CountedAt::Schedule ? tw + tw_killed
                                                 : tw + tw_killed + tw_recycled + present;
    }
    bool operator==(const TcpCounters&) const = default;
};

/// From the contents of /proc/PID/net/netstat; none if it has no TcpExt lines or no number for TW.
std::optional<TcpCounters> parse_netstat(std::string_view text);

/// The number behind "tw" in the line "TCP:" of /proc/PID/net/sockstat; 0 if it has none.
std::uint64_t parse_sockstat_tw(std::string_view text);

} // namespace twtrace
