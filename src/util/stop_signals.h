// The signals that ask for an end: SIGINT, SIGTERM, and SIGHUP unless it was ignored when we were
// started (nohup). Blocked for the whole process, so that they stay pending until somebody looks.
#pragma once

#include <csignal>

namespace twtrace {

sigset_t stop_signals();

/// One of them is blocked and has come.
bool stop_is_pending();

/// Forgets those that have come: the next one counts as a new one.
void take_pending_stop();

} // namespace twtrace
