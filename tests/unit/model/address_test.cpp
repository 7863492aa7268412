#include "catch2.h"

#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "events.h"
#include "model/address.h"

using namespace twtrace;
using twtrace::test::address;

namespace {

std::string by_libc(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return inet_ntop(address.family == 4 ? AF_INET : AF_INET6, address.bytes.data(), text.data(),
                     static_cast<socklen_t>(text.size()));
}

} // namespace

TEST_CASE("address: IPv4 is a dotted quad") {
    for (const char* text : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "10.20.30.40", "1.0.0.100"})
        CHECK(to_string(address(text)) == text);
}

TEST_CASE("address: the rules of RFC 5952") {
    const std::vector<std::pair<const char*, const char*>> vectors = {
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:0db8::0001", "2001:db8::1"},               // 4.1 leading zeros
        {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},        // 4.2.1 as short as possible
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, // 4.2.2 not for one field
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          // 4.2.3 the longest run
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    // 4.2.3 the first if several are equal
        {"2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:AAAA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"}, // 4.3
        {"0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"},
        {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
        {"0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"},
        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
        {"fe80::1", "fe80::1"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (const auto& [given, canonical] : vectors)
        CHECK(to_string(address(given)) == canonical);
}

TEST_CASE("address: 100,000 random IPv6 addresses read as inet_ntop writes them") {
    std::mt19937_64 random(5952);
    for (int round = 0; round < 100'000; ++round) {
        Address address;
        address.family = 6;
        for (std::size_t field = 0; field < 8; ++field) {
            // Frequent zeros and small numbers, so that runs of every length and place occur.
            const auto value =
                random() % 2 == 0 ? 0U : random() & (random() % 2 == 0 ? 0xfU : 0xffffU);
            address.bytes[2 * field] = static_cast<std::uint8_t>(value >> 8U);
            address.bytes[2 * field + 1] = static_cast<std::uint8_t>(value & 0xffU);
        }
        const std::string libc = by_libc(address);
        if (libc.find('.') != std::string::npos)
            continue; // inet_ntop writes ::a.b.c.d; section 5 of the RFC allows both
        REQUIRE(to_string(address) == libc);
    }
}

TEST_CASE("address: random IPv4 addresses read as inet_ntop writes them") {
    std::mt19937_64 random(791);
    for (int round = 0; round < 10'000; ++round) {
        Address address;
        address.family = 4;
        for (std::size_t index = 0; index < 4; ++index)
            address.bytes[index] = static_cast<std::uint8_t>(random() & 0xffU);
        REQUIRE(to_string(address) == by_libc(address));
    }
}

TEST_CASE("address: the longest text is 39 bytes, and nothing is written after it") {
    std::array<char, 64> room{};
    room.fill('#');
    char* end = format_address(address("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"), room.data());
    CHECK(end - room.data() == 38);
    end = format_address(address("fd00:aaaa:bbbb:cccc:dddd:eeee:ffff:1234"), room.data());
    CHECK(end - room.data() == 39);
    CHECK(*end == '#');
}

TEST_CASE("address: equal means the same family and the same bytes") {
    CHECK(address("10.0.0.1") == address("10.0.0.1"));
    CHECK(address("10.0.0.1") != address("10.0.0.2"));
    Address six = address("a00:1::");
    CHECK(six.bytes == address("10.0.0.1").bytes);
    CHECK(six != address("10.0.0.1"));
}
