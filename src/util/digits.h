// Fast conversion of numbers to text, for output of an event per microsecond: std::to_chars needs
// no locale and no allocation.
#pragma once

#include <charconv>
#include <cstdint>

namespace twtrace {

inline char* format_decimal(std::uint64_t value, char* out) {
    return std::to_chars(out, out + 20, value).ptr;
}

inline char* format_hex(std::uint64_t value, char* out) {
    return std::to_chars(out, out + 16, value, 16).ptr;
}

/// Decimal with leading zeros, exactly width digits.
inline char* format_padded(std::uint64_t value, int width, char* out) {
    for (char* digit = out + width - 1; digit >= out; --digit) {
        *digit = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    return out + width;
}

} // namespace twtrace
