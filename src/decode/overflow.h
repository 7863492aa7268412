// A line of the kernel side's overflow table as the event that it counts: no time, no lifetime, no
// ephemeral port.
#pragma once

#include "model/event.h"

namespace twtrace {

Event event_of(const twtrace_overflow_key& key);

} // namespace twtrace
