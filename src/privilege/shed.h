// Least privilege: what a command does not need any more falls away once it has started.
#pragma once

#include "privilege/duties.h"

namespace twtrace {

/// Capabilities, system calls and, where Duties::confined, files. To be called before there are
/// other threads. A host that refuses one of them is told with -v, and the command goes on.
void shed_privileges(const Duties& duties);

} // namespace twtrace
