// The kernel's TCP states (include/net/tcp_states.h) and their names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace twtrace {

enum class TcpState : std::uint8_t {
    Established = 1,
    SynSent,
    SynRecv,
    FinWait1,
    FinWait2,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    Closing,
};

/// How long TIME_WAIT lasts: TCP_TIMEWAIT_LEN, compiled into the kernel.
inline constexpr std::uint32_t time_wait_ms = 60'000;

/// Spelled as in netstat, indexed by number; 0 is none.
inline constexpr std::array<std::string_view, 12> tcp_state_names{
    "",          "ESTABLISHED", "SYN_SENT",   "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
    "TIME_WAIT", "CLOSE",       "CLOSE_WAIT", "LAST_ACK", "LISTEN",    "CLOSING"};

constexpr std::size_t number_of(TcpState state) {
    return static_cast<std::size_t>(state);
}

/// The bit mask of one state, as used by inet_diag.
constexpr std::uint32_t mask_of(TcpState state) {
    return 1U << number_of(state);
}

inline constexpr std::uint32_t every_tcp_state = (1U << tcp_state_names.size()) - 2;

} // namespace twtrace
