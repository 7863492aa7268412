// The signals that request termination: SIGINT, SIGTERM, and SIGHUP unless it was ignored at the
// start (nohup). Blocked for the whole process, so that they stay pending until they are checked.
#pragma once

#include <csignal>

namespace twtrace {

sigset_t stop_signals();

/// One of them is pending.
bool stop_is_pending();

/// Discards the pending ones, so that the next one counts as new.
void take_pending_stop();

} // namespace twtrace
