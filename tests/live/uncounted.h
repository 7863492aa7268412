// Minisocks that no counter of the kernel contains. Kernels that count a minisock when it ends do
// not count an end by a reset or by a new connection's SYN (docs/kernels.md).
#pragma once

#include <cstdint>
#include <vector>

#include "expected.h"
#include "kernel_counters.h"

namespace live {

enum class CountedAt { Schedule, End };

/// Determined once per process, by making a minisock in a separate namespace and reading TW, so
/// that the tests do not rely on twtrace's detection by BTF.
CountedAt counted_at();

/// The entries of a rise in a namespace that this kernel's counters contain.
std::uint64_t entered(const KernelCounters& rise);

/// Entries that no counter of this kernel contains. Both are 0 if it counts at scheduling.
struct Uncounted {
    std::uint64_t at_least = 0;
    std::uint64_t at_most = 0;
};
/// Certain: closings that a reset ends. Possible: doubtful ones, and those whose addresses and
/// ports were used a second time, because the kernel counts only take-overs by connect()
/// (TWRecycled), not those by a SYN.
Uncounted uncounted_by_kernel(const std::vector<Expected>& expected, const KernelCounters& rise);

} // namespace live
