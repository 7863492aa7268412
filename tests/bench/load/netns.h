// A network namespace for one run, and the kernel's counters in it.
#pragma once

#include <cstdint>

namespace load {

/// Moves the process into a new network namespace with loopback up, all ports free for clients and
/// a tcp_max_tw_buckets for every TIME_WAIT of the run. Prints an error and returns false on
/// failure.
bool enter_fresh_namespace();

struct KernelCounters {
    std::uint64_t time_wait = 0; ///< TcpExt TW
    std::uint64_t overflow = 0;  ///< TcpExt TCPTimeWaitOverflow
    std::uint64_t listen_drops = 0;
};

KernelCounters read_kernel_counters();

} // namespace load
