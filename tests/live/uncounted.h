// What a kernel does not count: some count a time-wait minisock when it is scheduled, and have them
// all; others when it ends, and do not count an end by a reset or by a new connection's SYN
// (docs/kernels.md).
#pragma once

#include <cstdint>
#include <vector>

#include "expected.h"
#include "kernel_counters.h"

namespace live {

enum class CountedAt { Schedule, End };

/// Found by making a minisock in a namespace of its own and looking at TW: what twtrace concludes
/// from BTF must not be what it is tested with. Asked once a process.
CountedAt counted_at();

/// Of a rise in a namespace, the entries that this kernel's counters have.
std::uint64_t entered(const KernelCounters& rise);

/// Entries that none of this kernel's counters has. Both are 0 where it counts when one is
/// scheduled.
struct Uncounted {
    std::uint64_t at_least = 0;
    std::uint64_t at_most = 0;
};
/// Certain are the closings that a reset ends. Possible are the doubtful ones, and those whose
/// addresses and ports came a second time: a SYN that takes over leaves no trace, only connect()
/// that does so is counted (TWRecycled).
Uncounted uncounted_by_kernel(const std::vector<Expected>& expected, const KernelCounters& rise);

} // namespace live
