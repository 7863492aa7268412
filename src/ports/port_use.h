// The local ports that sockets take from one source address towards one destination.
#pragma once

#include <cstdint>

#include "model/address.h"

namespace twtrace {

/// Counted from the sockets that exist.
struct PortUse {
    Address local;
    Address remote;
    std::uint16_t port = 0;
    std::uint32_t open = 0; ///< in any state before TIME_WAIT
    std::uint32_t time_wait = 0;
    std::uint32_t reusable = 0;    ///< of time_wait: connect() may take them over (tcp_tw_reuse)
    std::uint32_t held_before = 0; ///< held() at the beginning

    [[nodiscard]] std::uint32_t taken() const { return open + time_wait; }
    [[nodiscard]] std::uint32_t held() const { return taken() - reusable; }
    bool operator==(const PortUse&) const = default;
};

} // namespace twtrace
