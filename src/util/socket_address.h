// ADDRESS:PORT of a listening socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "util/result.h"

namespace twtrace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

/// Parses 127.0.0.1:10660, [::1]:10660, or :10660 for all addresses, IPv4 and IPv6. Port 0: any
/// free port.
Result<SocketAddress> parse_socket_address(std::string_view text);

std::uint16_t port_of(const SocketAddress& address);
std::string address_of(const SocketAddress& address); ///< without the port
std::string to_string(const SocketAddress& address);
bool is_loopback(const SocketAddress& address);

} // namespace twtrace
