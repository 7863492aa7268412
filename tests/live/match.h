// Compares the events that twtrace reported with the expected ones.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "expected.h"
#include "kernel_counters.h"
#include "uncounted.h"

namespace live {

/// One line per difference: an event that is missing, extra, or has a wrong field.
std::vector<std::string> differences(const std::vector<Expected>& expected,
                                     const std::vector<nlohmann::json>& reported,
                                     std::uint64_t netns);

/// TWTRACE_SLOW_MACHINE=1: an emulated machine on a possibly busy host.
bool is_slow_machine();

/// On a slow machine a retraction may come after the 50 ms for which twtrace holds an entry. The
/// entry and the reset are then separate lines with the same socket and time; this merges them.
/// Elsewhere it does nothing.
void fold_late_resets(std::vector<nlohmann::json>& reported);

/// Fails the test with the first differences.
void require_no_difference(const std::vector<Expected>& expected,
                           const std::vector<nlohmann::json>& reported, std::uint64_t netns);

/// Compares the sum of twtrace's time_wait events with the kernel's counters. `hidden`: events
/// hidden from BPF (witness.h). `uncounted`: events that this kernel does not count. `skipped`:
/// events that may be missing (skipped.h).
void require_equal_to_kernel(const std::vector<nlohmann::json>& reported,
                             const KernelCounters& rise, std::uint64_t hidden = 0,
                             const Uncounted& uncounted = {}, std::uint64_t skipped = 0);
void require_equal_to_kernel(std::uint64_t time_wait, const KernelCounters& rise,
                             std::uint64_t hidden = 0, const Uncounted& uncounted = {},
                             std::uint64_t skipped = 0);

} // namespace live
