#include "util/ephemeral_ports.h"

#include <fstream>

namespace twtrace {

std::uint32_t ephemeral_ports() {
    std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    return range >> first >> last && last >= first ? last - first + 1 : 0;
}

} // namespace twtrace
