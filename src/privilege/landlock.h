// Confines this process to some files (Documentation/userspace-api/landlock.rst; Linux 5.13).
#pragma once

#include "privilege/duties.h"
#include "util/result.h"

namespace twtrace {

/// 0: not supported, or off.
int landlock_version();

/// Restricts the calling thread and those that it starts to Duties::readable and writable,
/// permanently. Paths that do not exist are left out. Sets no_new_privs. Error: this kernel has no
/// Landlock, or refuses.
Result<void> confine_to_files(const Duties& duties);

} // namespace twtrace
