// Counts this process's memory allocations: code that runs for each event must not allocate once it
// is warm.
#pragma once

#include <cstdint>

namespace twtrace::bench {

std::uint64_t allocations();

} // namespace twtrace::bench
