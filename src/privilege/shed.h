// Least privilege: a command drops the privileges that it no longer needs once it has started.
#pragma once

#include "privilege/duties.h"

namespace twtrace {

/// Drops capabilities, system calls and, with Duties::confined, access to files. To be called
/// before other threads start. If the host refuses one of them, -v reports it and the command
/// continues.
void shed_privileges(const Duties& duties);

} // namespace twtrace
