// What a live view starts with: the time-wait sockets that were there before the trace.
#pragma once

#include <vector>

#include "aggregate/flows.h"
#include "aggregate/inherited.h"

namespace twtrace {

/// Of the clients among them (nobody listens on the local port, and connect() could have picked
/// it). chosen: network namespaces, empty: all. Empty where this process may not look. What entered
/// since trace_start_ns (CLOCK_MONOTONIC) is left out: the trace has it. Their ports go to flows.
Inherited inherited_sockets(const std::vector<std::uint32_t>& chosen, std::uint64_t trace_start_ns,
                            Flows& flows);

} // namespace twtrace
