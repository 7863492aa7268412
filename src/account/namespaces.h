// Which network namespaces there are, and by which process each of them can be looked into.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace twtrace {

/// Inode -> a directory such as /proc/123/net whose files belong to that namespace. One process
/// stands for all that share it; namespaces without a process (kept by a bind mount, `ip netns`)
/// are not in it.
std::map<std::uint32_t, std::string> find_namespaces(const std::string& proc = "/proc");

/// The namespace of a process's directory ("/proc/123"); 0 if it is gone or may not be read.
std::uint32_t namespace_of(const std::string& process_directory);

} // namespace twtrace
