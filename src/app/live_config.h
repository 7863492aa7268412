// What the kernel side is asked for: the part of the user's wishes that it can decide.
#pragma once

#include <cstdint>

#include "cli/options.h"
#include "source/live.h"

namespace twtrace {

/// types: bit (1 << twtrace_type).
LiveConfig live_config(const Options& options, std::uint32_t types, twtrace_passive passive);

} // namespace twtrace
