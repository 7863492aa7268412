// Finds the process that holds a socket open, by /proc/PID/fd, as `ss -p` and lsof do.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/event.h"

namespace twtrace {

struct HolderSearch {
    /// Socket inode -> its process. If several hold it (a master and its workers), the oldest, but
    /// pid 1 only if there is no other: systemd keeps the listening sockets that it passes on. tid,
    /// uid and cgroup_id are not set.
    std::unordered_map<std::uint32_t, Task> holders;
    /// False: some processes could not be read (no CAP_SYS_PTRACE), or there were more than
    /// max_descriptors.
    bool complete = true;
};

/// Bounds the cost: about a microsecond for each open descriptor of the host.
inline constexpr std::size_t max_descriptors = 4'000'000;

/// One pass over all processes; only the given inodes are kept. Processes that end meanwhile are
/// skipped.
HolderSearch find_socket_holders(const std::vector<std::uint32_t>& inodes,
                                 const std::string& proc = "/proc");

} // namespace twtrace
