// Common code of the fuzzers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

namespace twtrace::fuzz {

/// Aborts if the code under test violates a guarantee.
inline void require(bool kept) {
    if (!kept)
        std::abort();
}

inline bool has_control_characters(std::string_view text) {
    for (const char byte : text)
        if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f)
            return true;
    return false;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// The fuzzer's input, consumed from the front.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    std::uint8_t byte() {
        std::uint8_t value = 0;
        copy_to(&value, 1);
        return value;
    }
    /// Fills value as far as input is left; the rest of it stays unchanged.
    template <typename Value>
    void fill(Value& value) {
        copy_to(&value, sizeof(value));
    }
    std::span<const std::byte> bytes(std::size_t wanted) {
        const auto front = rest_.first(wanted < rest_.size() ? wanted : rest_.size());
        rest_ = rest_.subspan(front.size());
        return std::as_bytes(front);
    }

  private:
    void copy_to(void* target, std::size_t wanted) {
        const auto front = bytes(wanted);
        if (!front.empty())
            std::memcpy(target, front.data(), front.size());
    }

    std::span<const std::uint8_t> rest_;
};

} // namespace twtrace::fuzz
