// The kernel's counters of TIME_WAIT, per network namespace.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace live {

struct KernelCounters {
    std::uint64_t tw = 0;          ///< TcpExt TW: minisocks scheduled for more than 4 s
    std::uint64_t tw_killed = 0;   ///< TcpExt TWKilled: minisocks scheduled for 4 s or less
    std::uint64_t tw_recycled = 0; ///< TcpExt TWRecycled: taken over by connect()
    std::uint64_t tw_overflow =
        0; ///< TcpExt TCPTimeWaitOverflow: no minisock, tcp_max_tw_buckets reached
    std::uint64_t present = 0; ///< sockstat tw: existing minisocks

    /// All minisocks that were made: a short-lived one is counted in another counter
    /// (docs/decisions/kernel-counters.md).
    std::uint64_t scheduled() const { return tw + tw_killed; }
    /// The number on a kernel that counts a minisock when it ends: ended ones plus existing ones.
    std::uint64_t ended_or_present() const { return tw + tw_killed + tw_recycled + present; }
};

/// Modulo 2^64, because `present` may decrease.
KernelCounters operator-(const KernelCounters& later, const KernelCounters& earlier);
std::string to_string(const KernelCounters& counters);
KernelCounters read_counters(pid_t pid);

} // namespace live
