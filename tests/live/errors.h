// Failures in the engine are exceptions: the parent turns them into a failed test, a forked child
// into a line on its pipe.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace live {

inline void check(bool ok, const std::string& what) {
    if (!ok) {
        throw std::runtime_error(what);
    }
}

/// Checks calls that return -1 and set errno; returns their value.
template <typename T>
T check_call(T value, const std::string& what) {
    if (value < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return value;
}

} // namespace live
