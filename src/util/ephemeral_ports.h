// How many ports net.ipv4.ip_local_port_range has.
#pragma once

#include <cstdint>

namespace twtrace {

/// Of the network namespace that this process runs in; 0: could not be read.
std::uint32_t ephemeral_ports();

} // namespace twtrace
