// The limit of open file descriptors.
#pragma once

namespace twtrace {

/// Raises the soft limit to the hard one: each network namespace takes a descriptor, and a host
/// with a thousand containers is past the usual soft limit of 1,024.
void allow_many_descriptors();

/// One of the last 16 below the limit (the kernel gives the lowest that is free). These are kept
/// for what is open only for a moment: /proc, a scraper's connection.
bool is_reserved_descriptor(int fd);

} // namespace twtrace
