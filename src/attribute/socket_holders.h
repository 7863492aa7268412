// Which process holds a socket open: the way `ss -p` and lsof find it, by /proc/PID/fd.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/event.h"

namespace twtrace {

struct HolderSearch {
    /// Socket inode -> the process to name for it. Where several hold it (a master and its workers)
    /// the oldest, but pid 1 only if there is no other: systemd keeps the listening sockets that it
    /// passes on. tid, uid and cgroup_id are not filled in.
    std::unordered_map<std::uint32_t, Task> holders;
    bool complete = true; ///< false: some processes could not be looked into (no CAP_SYS_PTRACE),
                          ///< or there were more than max_descriptors
};

/// About a microsecond for each descriptor that the host has open, which this bounds.
inline constexpr std::size_t max_descriptors = 4'000'000;

/// One pass over all processes; only the given inodes are kept. Processes that end meanwhile are
/// passed over.
HolderSearch find_socket_holders(const std::vector<std::uint32_t>& inodes,
                                 const std::string& proc = "/proc");

} // namespace twtrace
