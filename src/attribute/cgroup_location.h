// Locates a path in the cgroup v2 hierarchy, in the terms that the BPF side compares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace twtrace {

struct CgroupLocations {
    struct Location {
        std::uint64_t id = 0;    ///< inode of the directory
        std::uint32_t level = 0; ///< 0: the root
    };
    std::vector<Location> found;  ///< one for each path
    std::uint64_t largest_id = 0; ///< of all cgroups; every later one has a larger id
};

/// None: not all of them exist, or the kernel could not decide. Processes may be in v1 hierarchies
/// only (hybrid hosts), or twtrace may be in a cgroup namespace.
std::optional<CgroupLocations> locate_cgroups(const std::vector<std::string>& paths);

} // namespace twtrace
