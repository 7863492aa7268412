// Confines this process to some files (Documentation/userspace-api/landlock.rst; Linux 5.13).
#pragma once

#include "privilege/duties.h"
#include "util/result.h"

namespace twtrace {

/// 0: there is none, or it is off.
int landlock_version();

/// To Duties::readable and writable, for the calling thread and those that it starts, and for good.
/// A path that does not exist is left out. Sets no_new_privs. Error: this kernel has no Landlock,
/// or refuses.
Result<void> confine_to_files(const Duties& duties);

} // namespace twtrace
