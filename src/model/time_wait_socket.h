// A time-wait socket that exists now, with the data that the kernel still has.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "model/event.h"
#include "model/tcp_state.h"

namespace twtrace {

/// How the owner became known.
enum class OwnerSource : std::uint8_t {
    None,
    Inferred, ///< the process that listens on the local port now
    Seen,     ///< a running twtrace saw the process close it
};

std::string_view name_of(OwnerSource source);

/// The event's stage is the present substate; its times, byte counts and `how` are not known.
struct TimeWaitSocket {
    Event event;
    std::uint32_t remaining_ms = 0;
    OwnerSource owner_source = OwnerSource::None;
};

/// All TCP sockets of the inspected namespaces, regardless of filters.
struct SocketTotals {
    /// By TcpState. A minisock counts for its substate, as in netstat.
    std::array<std::uint64_t, tcp_state_names.size()> by_state{};
    std::uint64_t fin_wait2_minisocks = 0; ///< of FIN_WAIT2
    std::uint64_t namespaces = 0;

    /// Called tw in sockstat and timewait in `ss -s`.
    [[nodiscard]] std::uint64_t time_wait() const {
        return by_state[number_of(TcpState::TimeWait)] + fin_wait2_minisocks;
    }
};

} // namespace twtrace
