// An IPv4 or IPv6 address and its canonical text.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace twtrace {

struct Address {
    std::uint8_t family = 0; ///< 4 or 6; 0: none
    std::array<std::uint8_t, 16>
        bytes{}; ///< network order; IPv4 takes the first four, the rest is zero

    auto operator<=>(const Address&) const = default;
    /// Without a call of memcmp: keys of tables are compared for each event.
    bool operator==(const Address& other) const {
        return family == other.family && halves() == other.halves();
    }
    [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> halves() const {
        std::pair<std::uint64_t, std::uint64_t> both;
        std::memcpy(&both.first, bytes.data(), 8);
        std::memcpy(&both.second, bytes.data() + 8, 8);
        return both;
    }
};

/// Writes the canonical text (RFC 5952; dotted quad for IPv4) and returns its end. Needs 39 bytes.
char* format_address(const Address& address, char* out);

std::string to_string(const Address& address);

/// None if the text is no address (inet_pton(3)).
std::optional<Address> parse_address(const std::string& text);
/// The IPv4 address in an IPv4-mapped one (RFC 4291, 2.5.5.2); none if it is not mapped.
std::optional<Address> unmapped(const Address& address);

} // namespace twtrace
