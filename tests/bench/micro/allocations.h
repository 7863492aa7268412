// How often this process has allocated memory: what runs for each event must not, once it is warm.
#pragma once

#include <cstdint>

namespace twtrace::bench {

std::uint64_t allocations();

} // namespace twtrace::bench
