// The footer of `list`: how many TCP sockets there are in each state.
#pragma once

#include <string>

#include "model/time_wait_socket.h"
#include "sink/line_sink.h"

namespace twtrace {

/// Table: an empty line and two lines. JSON: one more object, {"type":"totals",...}. CSV: nothing,
/// because all its lines have the same form.
void append_socket_totals(const SocketTotals& totals, Format format, std::string& out);

} // namespace twtrace
