// A few numbers, each in as few bytes as it needs: first the widths, three bits each in 32 bits,
// then the numbers. Neither side has a branch that depends on a width.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace twtrace {

inline constexpr std::size_t max_packed = 10;
/// The maximum size of the widths and these numbers. Readers and writers access all of it for any
/// widths.
inline constexpr std::size_t max_packed_bytes = sizeof(std::uint32_t) + max_packed * 8;

class PackedWriter {
  public:
    /// Writes into max_packed_bytes bytes.
    explicit PackedWriter(char* out) : begin_(out), at_(out + sizeof(widths_)) {}

    void put(std::uint64_t value) {
        const auto bytes = (static_cast<unsigned>(std::bit_width(value)) + 7) / 8;
        const unsigned width = bytes < 7 ? bytes : 7; // seven or eight bytes: written as eight
        std::memcpy(at_, &value, sizeof(value));
        at_ += bytes < 7 ? bytes : 8;
        widths_ |= width << shift_;
        shift_ += 3;
    }
    /// Returns the end of the numbers.
    char* finish() {
        std::memcpy(begin_, &widths_, sizeof(widths_));
        return at_;
    }

  private:
    char* begin_;
    char* at_;
    std::uint32_t widths_ = 0;
    unsigned shift_ = 0;
};

class PackedReader {
  public:
    /// Reads from max_packed_bytes bytes.
    explicit PackedReader(const char* in) : at_(in + sizeof(widths_)) {
        std::memcpy(&widths_, in, sizeof(widths_));
    }

    std::uint64_t get() {
        static constexpr std::array<std::uint64_t, 8> masks{
            0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, ~std::uint64_t{0}};
        std::uint64_t value;
        std::memcpy(&value, at_, sizeof(value));
        const std::uint32_t width = widths_ & 7U;
        widths_ >>= 3U;
        at_ += width + (width + 1) / 8;
        return value & masks[width];
    }
    /// The end of the numbers that were read.
    [[nodiscard]] const char* at() const { return at_; }

  private:
    const char* at_;
    std::uint32_t widths_;
};

} // namespace twtrace
