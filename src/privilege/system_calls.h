// The system calls that a command makes once it has started; the kernel answers ENOSYS to all
// others (seccomp(2)).
#pragma once

#include "privilege/duties.h"
#include "privilege/sandbox.h"
#include "util/result.h"

namespace twtrace {

/// Whether this kernel has seccomp filters that return an error.
bool can_limit_system_calls();

/// For all threads, permanently. Sets no_new_privs. Error: the kernel, or a filter that is already
/// installed, refuses; then nothing but no_new_privs is changed.
Result<void> limit_system_calls(const Duties& duties);

/// The same for a sandbox's child (sandbox.h): memory and open descriptors only.
Result<void> limit_sandbox(SandboxWork kind);

} // namespace twtrace
