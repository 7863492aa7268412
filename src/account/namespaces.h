// Which network namespaces exist, and the process or file through which each can be read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace twtrace {

/// Inode -> the directory of a process in that namespace, such as /proc/123. One process represents
/// all that share it. Namespaces without a process (kept by a bind mount, `ip netns`) are not
/// included.
std::map<std::uint32_t, std::string> find_namespaces(const std::string& proc = "/proc");

/// Inode -> a file that setns() can enter it by, such as /proc/123/ns/net or /run/netns/blue.
/// Includes namespaces with processes and those that only a bind mount keeps (`ip netns`, docker's
/// /run/docker/netns). Excludes those that only an open file descriptor keeps.
std::map<std::uint32_t, std::string> find_namespace_files(const std::string& proc = "/proc");

/// The bind mounts of network namespaces in the text of /proc/self/mountinfo: inode -> mount point.
std::map<std::uint32_t, std::string> parse_namespace_mounts(std::string_view mountinfo);

/// The network namespace of a process, given its directory ("/proc/123"); 0 if the process is gone
/// or may not be read.
std::uint32_t namespace_of(const std::string& process_directory);

} // namespace twtrace
