// A line composed of many short pieces, a million times a second.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace twtrace {

/// std::string calls memmove for each piece; here short pieces, nearly all of them, take a few
/// inline instructions. Grows to the longest line and does not shrink.
class LineBuffer {
  public:
    void clear() { length_ = 0; }
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), length_}; }

    void append(std::string_view piece) {
        if (bytes_.size() - length_ < piece.size())
            grow(piece.size());
        copy(bytes_.data() + length_, piece.data(), piece.size());
        length_ += piece.size();
    }

  private:
    // Two overlapping copies of constant size.
    template <std::size_t size>
    static void copy_two(char* to, const char* from, std::size_t length) {
        std::memcpy(to, from, size);
        std::memcpy(to + length - size, from + length - size, size);
    }
    static void copy(char* to, const char* from, std::size_t length) {
        if (length > 32)
            std::memcpy(to, from, length);
        else if (length >= 16)
            copy_two<16>(to, from, length);
        else if (length >= 8)
            copy_two<8>(to, from, length);
        else if (length >= 4)
            copy_two<4>(to, from, length);
        else
            for (std::size_t index = 0; index < length; ++index)
                to[index] = from[index];
    }
    void grow(std::size_t wanted) { bytes_.resize(2 * bytes_.size() + wanted); }

    std::vector<char> bytes_;
    std::size_t length_ = 0;
};

} // namespace twtrace
