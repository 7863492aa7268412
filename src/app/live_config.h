// What the kernel side is asked for: the part of the user's wishes that it can decide.
#pragma once

#include <cstdint>

#include "cli/options.h"
#include "source/live.h"

namespace twtrace {

/// Wanted::types with all of them.
inline constexpr std::uint32_t every_type = ~0U;

/// What a command wants of the kernel side, whatever the user's filters are.
struct Wanted {
    std::uint32_t types = 0; ///< bit (1 << twtrace_type) for each
    /// Whether passive closes come one by one or only as a number.
    twtrace_passive passive = TWTRACE_PASSIVE_SEND;
    bool port_bound = false; ///< Event::port_bound
};

LiveConfig live_config(const Options& options, const Wanted& wanted);

} // namespace twtrace
