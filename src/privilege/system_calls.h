// The system calls that a command makes once it has started; the kernel answers ENOSYS to all
// others (seccomp(2)).
#pragma once

#include "privilege/duties.h"
#include "util/result.h"

namespace twtrace {

/// This kernel has seccomp filters that answer with an error.
bool can_limit_system_calls();

/// For all threads, and for good. Sets no_new_privs. Error: the kernel, or a filter that is there
/// already, refuses; nothing is changed then but no_new_privs.
Result<void> limit_system_calls(const Duties& duties);

} // namespace twtrace
