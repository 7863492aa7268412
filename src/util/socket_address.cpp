#include "util/socket_address.h"

#include <array>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include "util/text.h"

namespace twtrace {

namespace {

const sockaddr_in& as_v4(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr_in&>(address.storage);
}

const sockaddr_in6& as_v6(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

bool set_host(SocketAddress& address, std::string host, std::uint16_t port) {
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string::npos)
        return false; // the start of the port is ambiguous
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        std::memcpy(&address.storage, &v4, sizeof(v4));
        address.length = sizeof(v4);
        return true;
    }
    if (!host.empty() && inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1)
        return false;
    std::memcpy(&address.storage, &v6, sizeof(v6)); // empty: all addresses
    address.length = sizeof(v6);
    return true;
}

} // namespace

Result<SocketAddress> parse_socket_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    SocketAddress address;
    unsigned port = 0;
    const std::string_view digits =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() ||
        port > 65535 ||
        !set_host(address, std::string(text.substr(0, colon)), static_cast<std::uint16_t>(port)))
        return fail(fmt::format("'{}' is not an address and port such as 127.0.0.1:10660, "
                                "[::1]:10660 or :10660 for all addresses",
                                printable(text)),
                    ExitCode::Usage);
    return address;
}

std::uint16_t port_of(const SocketAddress& address) {
    return ntohs(address.storage.ss_family == AF_INET ? as_v4(address).sin_port
                                                      : as_v6(address).sin6_port);
}

std::string address_of(const SocketAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v4 = address.storage.ss_family == AF_INET;
    const void* bytes = v4 ? static_cast<const void*>(&as_v4(address).sin_addr)
                           : static_cast<const void*>(&as_v6(address).sin6_addr);
    inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
    return text.data();
}

std::string to_string(const SocketAddress& address) {
    return address.storage.ss_family == AF_INET
               ? fmt::format("{}:{}", address_of(address), port_of(address))
               : fmt::format("[{}]:{}", address_of(address), port_of(address));
}

bool is_loopback(const SocketAddress& address) {
    if (address.storage.ss_family == AF_INET)
        return ntohl(as_v4(address).sin_addr.s_addr) >> 24U == 127;
    return IN6_IS_ADDR_LOOPBACK(&as_v6(address).sin6_addr);
}

} // namespace twtrace
