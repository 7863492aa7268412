// The limit of open file descriptors.
#pragma once

namespace twtrace {

/// Raises the soft limit to the hard one: each network namespace takes a descriptor, and a host
/// with a thousand containers is past the usual soft limit of 1,024.
void allow_many_descriptors();

} // namespace twtrace
