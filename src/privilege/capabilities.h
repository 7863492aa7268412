// Capabilities of this process (capabilities(7)).
#pragma once

#include <string>
#include <vector>

#include "privilege/duties.h"
#include "util/result.h"

namespace twtrace {

/// Of the calling thread. capability: of linux/capability.h.
bool has_capability(unsigned capability);

/// Those of linux/capability.h that the duties take, whether held or not.
std::vector<unsigned> capabilities_for(const Duties& duties);

/// Drops every other one from the calling thread's sets and, where that is allowed, its bounding
/// set. Threads that it starts later have no more. The names of those that are left, such as
/// "bpf"; error: none could be dropped.
Result<std::vector<std::string>> keep_capabilities(const Duties& duties);

} // namespace twtrace
