// Counters of the kernel that only rise.
#pragma once

#include <algorithm>
#include <cstdint>

namespace twtrace {

/// 0 if the counter restarted, after a reboot or in a new namespace with the same number.
inline std::uint64_t rise(std::uint64_t later, std::uint64_t earlier) {
    return later - std::min(later, earlier);
}

} // namespace twtrace
