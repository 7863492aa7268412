// net.ipv4.ip_local_port_range: the ports that connect() may pick.
#pragma once

#include <cstdint>

namespace twtrace {

/// first > last: none.
struct PortRange {
    std::uint32_t first = 1;
    std::uint32_t last = 0;

    [[nodiscard]] std::uint32_t size() const { return last >= first ? last - first + 1 : 0; }
    [[nodiscard]] bool contains(std::uint16_t port) const { return port >= first && port <= last; }
};

/// net/ipv4/af_inet.c, inet_init_net().
inline constexpr PortRange default_port_range{32'768, 60'999};

} // namespace twtrace
