// The local ports that sockets take from one source address towards one destination.
#pragma once

#include <cstdint>

#include "model/address.h"

namespace twtrace {

/// Counted from the existing sockets.
struct PortUse {
    Address local;
    Address remote;
    std::uint16_t port = 0;
    std::uint32_t open = 0; ///< in any state before TIME_WAIT
    std::uint32_t time_wait = 0;
    std::uint32_t reusable = 0; ///< of time_wait: connect() may take them over (tcp_tw_reuse)
    /// Of reusable age when connect() failed last, and not taken over: without TCP timestamps.
    std::uint32_t passed_over = 0;
    std::uint32_t held_before = 0;  ///< held() at the start
    std::uint32_t taken_before = 0; ///< taken() at the start
    std::uint32_t fin_wait2 = 0;    ///< of time_wait: the peer's FIN has not come; never reusable

    [[nodiscard]] std::uint32_t taken() const { return open + time_wait; }
    [[nodiscard]] std::uint32_t held() const { return taken() - reusable; }
    bool operator==(const PortUse&) const = default;
};

/// Of one local address, over all destinations. The two are equal if bind() picked the ports:
/// connect() gives the same port to several destinations.
struct AddressPorts {
    Address local; ///< family 0: all local addresses together (old recordings)
    std::uint32_t distinct = 0;
    std::uint32_t sockets = 0;

    bool operator==(const AddressPorts&) const = default;
};

} // namespace twtrace
