// Comparing what twtrace reported with what is known to have happened.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "expected.h"
#include "kernel_counters.h"
#include "uncounted.h"

namespace live {

/// Each line one difference: an event that is missing, too many, or has a wrong field.
std::vector<std::string> differences(const std::vector<Expected>& expected,
                                     const std::vector<nlohmann::json>& reported,
                                     std::uint64_t netns);

/// TWTRACE_SLOW_MACHINE=1: an emulated one, on a host that may be busy.
bool is_slow_machine();

/// twtrace holds an entry that may be taken back for 50 ms. Where the processor is taken away for
/// longer between the two (on a slow machine), it has
/// printed the entry, and the reset that takes it back is a line of its own: of the same socket and
/// moment. Here they become one, as they would have been in time. Elsewhere nothing is changed.
void fold_late_resets(std::vector<nlohmann::json>& reported);

/// Fails the test with the first of them.
void require_no_difference(const std::vector<Expected>& expected,
                           const std::vector<nlohmann::json>& reported, std::uint64_t netns);

/// The sum of twtrace's time_wait events against the kernel's own counters.
/// `hidden`: those that BPF could not see here (witness.h). `uncounted`: those that this kernel
/// does not count. `skipped`: those that may be missing (skipped.h).
void require_equal_to_kernel(const std::vector<nlohmann::json>& reported,
                             const KernelCounters& rise, std::uint64_t hidden = 0,
                             const Uncounted& uncounted = {}, std::uint64_t skipped = 0);
void require_equal_to_kernel(std::uint64_t time_wait, const KernelCounters& rise,
                             std::uint64_t hidden = 0, const Uncounted& uncounted = {},
                             std::uint64_t skipped = 0);

} // namespace live
