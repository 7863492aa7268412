// The time-wait sockets that exist when a recording begins.
#pragma once

#include <cstdint>
#include <vector>

#include "recording/record.h"

namespace twtrace {

/// chosen: network namespaces, empty: all. What entered since start_ns (CLOCK_MONOTONIC) is left
/// out: the recording has it. At most 100,000 of them.
std::vector<PresentSocket> present_sockets(const std::vector<std::uint32_t>& chosen,
                                           std::uint64_t start_ns);

} // namespace twtrace
