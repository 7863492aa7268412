// The kernel's own truth about TIME_WAIT, per network namespace.
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
    std::uint64_t present = 0; ///< sockstat tw: those that exist now

    /// Minisocks ever made: a short one is counted in another counter
    /// (docs/decisions/kernel-counters.md).
    std::uint64_t scheduled() const { return tw + tw_killed; }
    /// What a kernel has to say that counts a minisock when it ends: those that ended, and those
    /// that still exist.
    std::uint64_t ended_or_present() const { return tw + tw_killed + tw_recycled + present; }
};

/// Modulo 2^64: `present` may fall.
KernelCounters operator-(const KernelCounters& later, const KernelCounters& earlier);
std::string to_string(const KernelCounters& counters);
KernelCounters read_counters(pid_t pid);

} // namespace live
