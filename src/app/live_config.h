// The configuration of the kernel side: the part of the filter that it can evaluate.
#pragma once

#include <cstdint>

#include "cli/options.h"
#include "source/live.h"

namespace twtrace {

/// Wanted::types with all types.
inline constexpr std::uint32_t every_type = ~0U;

/// What a command needs from the kernel side, independent of the user's filters.
struct Wanted {
    std::uint32_t types = 0; ///< bit (1 << twtrace_type) for each
    /// Whether passive closes are sent one by one or only counted.
    twtrace_passive passive = TWTRACE_PASSIVE_SEND;
    bool port_bound = false; ///< Event::port_bound
};

LiveConfig live_config(const Options& options, const Wanted& wanted);

} // namespace twtrace
