// The rise of a counter between two readings.
#pragma once

#include <cstdint>

namespace twtrace {

/// A counter that fell counts as not risen: it belongs to a later network namespace with the same
/// inode number, or the host was rebooted.
constexpr std::uint64_t risen(std::uint64_t from, std::uint64_t to) {
    return to > from ? to - from : 0;
}

} // namespace twtrace
