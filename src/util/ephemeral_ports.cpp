#include "util/ephemeral_ports.h"

#include <fstream>

namespace twtrace {

PortRange ephemeral_port_range() {
    std::ifstream text("/proc/sys/net/ipv4/ip_local_port_range");
    PortRange range;
    return text >> range.first >> range.last ? range : PortRange{};
}

std::uint32_t ephemeral_ports() {
    return ephemeral_port_range().size();
}

} // namespace twtrace
