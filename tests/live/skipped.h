// Transitions that the kernel did not call twtrace's program for, because the program was already
// running on that CPU.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "expected.h"

namespace live {

/// From what `twtrace -v` says at its end.
std::uint64_t skipped_transitions(const std::string& err);

/// On a slow machine (TWTRACE_SLOW_MACHINE=1: an emulated CPU) the program takes long, and where
/// tracepoints can be preempted a task that loses its CPU inside it keeps it from the others. Takes
/// out of both what that explains: an event that is missing, and one without its closer or its
/// beginning, `skipped` of them at most. Elsewhere nothing is excused. Returns how many are
/// missing.
std::uint64_t excuse_skipped(std::vector<Expected>& expected, std::vector<nlohmann::json>& reported,
                             std::uint64_t skipped);

} // namespace live
