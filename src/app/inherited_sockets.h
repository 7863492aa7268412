// The time-wait sockets that existed before the trace, with which a live view starts.
#pragma once

#include <vector>

#include "aggregate/flows.h"
#include "aggregate/inherited.h"

namespace twtrace {

/// Returns the clients among them (no listener on the local port, and connect() could have picked
/// it). chosen: network namespaces, empty: all. Empty if this process may not list sockets. Sockets
/// that entered since trace_start_ns (CLOCK_MONOTONIC) are left out, because the trace has them.
/// Their ports are added to flows.
Inherited inherited_sockets(const std::vector<std::uint32_t>& chosen, std::uint64_t trace_start_ns,
                            Flows& flows);

} // namespace twtrace
