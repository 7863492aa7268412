// Transitions for which the kernel did not call twtrace's program, because the program was already
// running on that CPU.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "expected.h"

namespace live {

/// Parsed from the final output of `twtrace -v`.
std::uint64_t skipped_transitions(const std::string& err);

/// On a slow machine (TWTRACE_SLOW_MACHINE=1: an emulated CPU), a task that is preempted inside the
/// program blocks it for other tasks (docs/kernels.md). Removes up to `skipped` missing events, and
/// events without closer or beginning, from both lists; returns the number of missing ones.
/// Elsewhere it does nothing.
std::uint64_t excuse_skipped(std::vector<Expected>& expected, std::vector<nlohmann::json>& reported,
                             std::uint64_t skipped);

} // namespace live
