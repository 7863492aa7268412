// The footer of `list`: how many TCP sockets there are in each state.
#pragma once

#include <string>

#include "model/time_wait_socket.h"
#include "sink/line_sink.h"

namespace twtrace {

/// Table: two lines after an empty one. JSON: one more object, {"type":"totals",...}. CSV: nothing,
/// whose lines are all alike.
void append_socket_totals(const SocketTotals& totals, Format format, std::string& out);

} // namespace twtrace
