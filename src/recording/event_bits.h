// The small fields of an event, packed into one number.
#pragma once

#include <array>
#include <cstdint>

#include "model/event.h"

namespace twtrace {

/// In the order of their bits, which never changes: new flags are appended.
inline constexpr std::array event_flags{&Event::role_inferred, &Event::retracts,
                                        &Event::caught,        &Event::port_bound,
                                        &Event::held,          &Event::port_chosen};
static_assert(event_flags.size() <= 6, "bits 30 and 31 are those of timestamps");

inline std::uint64_t bits_of(const Event& event) {
    std::uint64_t bits = static_cast<std::uint64_t>(event.type) |
                         static_cast<std::uint64_t>(event.stage) << 4U |
                         static_cast<std::uint64_t>(event.how) << 8U |
                         static_cast<std::uint64_t>(event.role) << 12U |
                         static_cast<std::uint64_t>(event.reason) << 16U;
    for (std::size_t index = 0; index < event_flags.size(); ++index)
        bits |= static_cast<std::uint64_t>(event.*event_flags[index]) << (24 + index);
    bits |= static_cast<std::uint64_t>(event.timestamps.has_value()) << 30U;
    bits |= static_cast<std::uint64_t>(event.timestamps.value_or(false)) << 31U;
    return bits;
}

/// False: a value is out of range.
inline bool set_bits(Event& event, std::uint64_t bits) {
    const auto part = [bits](unsigned shift, std::uint64_t mask) { return bits >> shift & mask; };
    if (part(0, 15) == 0 || part(0, 15) > TWTRACE_TIME_WAIT_END ||
        part(4, 15) > TWTRACE_STAGE_FIN_WAIT2 || part(8, 15) >= TWTRACE_HOWS ||
        part(12, 15) >= TWTRACE_ROLES || part(16, 255) >= TWTRACE_REASONS)
        return false;
    event.type = static_cast<EventType>(part(0, 15));
    event.stage = static_cast<Stage>(part(4, 15));
    event.how = static_cast<How>(part(8, 15));
    event.role = static_cast<Role>(part(12, 15));
    event.reason = static_cast<Reason>(part(16, 255));
    for (std::size_t index = 0; index < event_flags.size(); ++index)
        event.*event_flags[index] = part(24 + static_cast<unsigned>(index), 1) != 0;
    if (part(30, 1) != 0)
        event.timestamps = part(31, 1) != 0;
    return true;
}

} // namespace twtrace
