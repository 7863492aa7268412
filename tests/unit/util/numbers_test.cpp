#include "catch2.h"

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "util/digits.h"
#include "util/port_set.h"

using namespace twtrace;

namespace {

std::string decimal(std::uint64_t value) {
    std::array<char, 20> text{};
    return {text.data(), format_decimal(value, text.data())};
}

std::string hex(std::uint64_t value) {
    std::array<char, 16> text{};
    return {text.data(), format_hex(value, text.data())};
}

std::string padded(std::uint64_t value, int width) {
    std::array<char, 20> text{};
    return {text.data(), format_padded(value, width, text.data())};
}

constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

} // namespace

TEST_CASE("digits: the smallest and the largest numbers") {
    CHECK(decimal(0) == "0");
    CHECK(decimal(9) == "9");
    CHECK(decimal(10) == "10");
    CHECK(decimal(largest) == "18446744073709551615");
    CHECK(hex(0) == "0");
    CHECK(hex(0xabcdef) == "abcdef");
    CHECK(hex(largest) == "ffffffffffffffff");
}

TEST_CASE("digits: leading zeros to an exact width") {
    CHECK(padded(0, 1) == "0");
    CHECK(padded(7, 2) == "07");
    CHECK(padded(123'456'789, 9) == "123456789");
    CHECK(padded(1, 9) == "000000001");
}

TEST_CASE("port set: holds what was inserted and nothing else") {
    PortSet ports;
    CHECK_FALSE(ports.any);
    for (unsigned port = 0; port <= 65535; ++port)
        REQUIRE_FALSE(ports.contains(static_cast<std::uint16_t>(port)));
    for (const std::uint16_t port :
         std::initializer_list<std::uint16_t>{0, 1, 7, 8, 80, 443, 8080, 65535})
        ports.insert(port);
    CHECK(ports.any);
    unsigned held = 0;
    for (unsigned port = 0; port <= 65535; ++port)
        held += ports.contains(static_cast<std::uint16_t>(port)) ? 1U : 0U;
    CHECK(held == 8);
    CHECK(ports.contains(7));
    CHECK(ports.contains(8));
    CHECK_FALSE(ports.contains(9));
    CHECK(ports.contains(65535));
    CHECK_FALSE(ports.contains(65534));
}

TEST_CASE("port set: the layout is the one that the BPF side reads") {
    // bpf/gate.bpf.h: set[port >> 3] & (1 << (port & 7))
    PortSet ports;
    ports.insert(443);
    CHECK(ports.bits[443 / 8] == 1U << (443 % 8));
}
