// What the user asked to see. Applied to every event in user space; what the kernel side can decide
// is decided there first, with the same meaning (LiveConfig).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/event.h"
#include "util/port_set.h"

namespace twtrace {

struct Filter {
    std::vector<std::uint32_t> pids; ///< empty: all
    std::string comm; ///< empty: all; compared with the 15 bytes that the kernel keeps
    PortSet local_ports;
    PortSet remote_ports;
    std::uint8_t family = 0;          ///< 4, 6, or 0: both
    std::vector<std::uint32_t> netns; ///< inodes; empty: all

    [[nodiscard]] bool passes(const Event& event) const;
};

} // namespace twtrace
