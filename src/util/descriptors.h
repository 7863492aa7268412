// The limit of open file descriptors.
#pragma once

namespace twtrace {

/// Raises the soft limit to the hard one: each network namespace takes a descriptor, and a host
/// with a thousand containers exceeds the usual soft limit of 1,024.
void allow_many_descriptors();

/// Whether fd is one of the last 16 below the limit (the kernel returns the lowest free one). These
/// are reserved for short-lived files: /proc, a scraper's connection.
bool is_reserved_descriptor(int fd);

/// Whether this errno means that the limit of the process or of the host is reached.
bool means_no_descriptor(int error);

} // namespace twtrace
