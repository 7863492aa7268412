// The port range to propose where a client needs more ports.
#pragma once

#include "util/ephemeral_ports.h"

namespace twtrace {

/// The default if the present range is smaller, else one that spares the well-known ports.
[[nodiscard]] inline PortRange wider_range(const PortRange& present) {
    return present.size() < default_port_range.size() ? default_port_range
                                                      : PortRange{10'240, 65'535};
}

} // namespace twtrace
