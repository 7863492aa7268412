// Combines the parts of a key into one hash.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twtrace {

/// Knuth's multiplicative hashing; the shift moves the well-mixed upper half of the product down.
inline std::size_t mix(std::size_t seed, std::uint64_t value) {
    const std::uint64_t mixed = (seed ^ value) * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::size_t>(mixed ^ mixed >> 32U);
}

} // namespace twtrace
