// Numbers of variable length: seven bits per byte, the lowest first, the high bit set on all but
// the last byte (LEB128).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace twtrace {

inline constexpr std::size_t longest_varint = 10;

/// Writes at most longest_varint bytes and returns their end.
inline char* write_varint(char* out, std::uint64_t value) {
    while (value >= 0x80) {
        *out++ = static_cast<char>(value | 0x80U);
        value >>= 7U;
    }
    *out++ = static_cast<char>(value);
    return out;
}

inline void append_varint(std::string& out, std::uint64_t value) {
    char buffer[longest_varint];
    out.append(buffer, write_varint(buffer, value));
}

/// Encodes signed numbers of small magnitude as small numbers.
inline std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1));
}

/// Reads from a range of bytes. Past its end every value is 0 and ok() is false.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
            const auto byte = static_cast<unsigned char>(*at_++);
            value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
            if (byte < 0x80)
                return value;
        }
        ok_ = false;
        return 0;
    }
    std::string_view bytes(std::uint64_t size) {
        if (size > left()) {
            ok_ = false;
            at_ = end_;
            return {};
        }
        const std::string_view taken(at_, static_cast<std::size_t>(size));
        at_ += size;
        return taken;
    }
    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
    [[nodiscard]] bool ok() const { return ok_; }

  private:
    const char* at_;
    const char* end_;
    bool ok_ = true;
};

} // namespace twtrace
