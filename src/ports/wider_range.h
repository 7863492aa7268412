// The port range to propose where a client needs more ports.
#pragma once

#include "util/ephemeral_ports.h"

namespace twtrace {

/// The default if the present range is smaller, else one that spares the well-known ports.
[[nodiscard]] inline PortRange wider_range(const PortRange& present) {
    constexpr PortRange by_default{32'768, 60'999};
    return present.size() < by_default.size() ? by_default : PortRange{10'240, 65'535};
}

} // namespace twtrace
