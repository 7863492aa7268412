// Converts an entry of the kernel side's counts to the event that it counts: no time, no lifetime,
// no ephemeral port, and no remote address if events are counted without it.
#pragma once

#include "model/event.h"

namespace twtrace {

Event event_of(const twtrace_overflow_key& key);

} // namespace twtrace
