// The time-wait sockets that exist when a recording begins.
#pragma once

#include <cstdint>
#include <vector>

#include "recording/record.h"

namespace twtrace {

/// chosen: network namespaces, empty: all. Sockets that entered since start_ns (CLOCK_MONOTONIC)
/// are left out, because the recording has them. At most 100,000.
std::vector<PresentSocket> present_sockets(const std::vector<std::uint32_t>& chosen,
                                           std::uint64_t start_ns);

} // namespace twtrace
