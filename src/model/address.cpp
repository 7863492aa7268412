#include "model/address.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

#include "util/digits.h"

namespace twtrace {

namespace {

struct ZeroRun {
    int start = -1;
    int length = 1; // RFC 5952, 4.2.2: a single 16-bit zero field is not shortened
};

std::uint16_t field(const Address& address, int index) {
    auto at = static_cast<std::size_t>(index) * 2;
    return static_cast<std::uint16_t>(address.bytes[at] << 8 | address.bytes[at + 1]);
}

// RFC 5952, 4.2.3: the longest run, the first if several are equal.
ZeroRun longest_zero_run(const Address& address) {
    ZeroRun best;
    for (int start = 0; start < 8;) {
        int end = start;
        while (end < 8 && field(address, end) == 0)
            ++end;
        if (end - start > best.length)
            best = {start, end - start};
        start = end + 1;
    }
    return best;
}

char* format_v6(const Address& address, char* out) {
    const ZeroRun run = longest_zero_run(address);
    for (int index = 0; index < 8; ++index) {
        if (index == run.start) {
            *out++ = ':';
            *out++ = ':';
            index += run.length - 1;
            continue;
        }
        const bool after_run = run.start >= 0 && index == run.start + run.length;
        if (index > 0 && !after_run)
            *out++ = ':';
        out = format_hex(field(address, index), out);
    }
    return out;
}

} // namespace

char* format_address(const Address& address, char* out) {
    if (address.family == 6)
        return format_v6(address, out);
    for (std::size_t index = 0; index < 4; ++index) {
        if (index > 0)
            *out++ = '.';
        out = format_decimal(address.bytes[index], out);
    }
    return out;
}

std::string to_string(const Address& address) {
    std::array<char, 40> text{};
    return {text.data(), format_address(address, text.data())};
}

std::optional<Address> parse_address(const std::string& text) {
    Address address;
    address.family = 4;
    if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1)
        return address;
    address.family = 6;
    if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1)
        return address;
    return std::nullopt;
}

std::optional<Address> unmapped(const Address& address) {
    constexpr std::array<std::uint8_t, 12> prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (address.family != 6 || !std::equal(prefix.begin(), prefix.end(), address.bytes.begin()))
        return std::nullopt;
    Address v4;
    v4.family = 4;
    std::copy(address.bytes.begin() + prefix.size(), address.bytes.end(), v4.bytes.begin());
    return v4;
}

} // namespace twtrace
