// Comparing what twtrace reported with what is known to have happened.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "expected.h"
#include "kernel_counters.h"

namespace live {

/// Each line one difference: an event that is missing, too many, or has a wrong field.
std::vector<std::string> differences(const std::vector<Expected>& expected,
                                     const std::vector<nlohmann::json>& reported,
                                     std::uint64_t netns);

/// Fails the test with the first of them.
void require_no_difference(const std::vector<Expected>& expected,
                           const std::vector<nlohmann::json>& reported, std::uint64_t netns);

/// The sum of twtrace's time_wait events against the kernel's own counters.
/// `hidden`: those that BPF could not see here (witness.h).
void require_equal_to_kernel(const std::vector<nlohmann::json>& reported,
                             const KernelCounters& rise, std::uint64_t hidden = 0);
void require_equal_to_kernel(std::uint64_t time_wait, const KernelCounters& rise,
                             std::uint64_t hidden = 0);

} // namespace live
