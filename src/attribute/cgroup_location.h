// Where in the cgroup v2 hierarchy a path leads, in the terms that the BPF side compares.
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
    std::vector<Location> found;  ///< as many as there were paths
    std::uint64_t largest_id = 0; ///< of all cgroups; every later one has a larger id
};

/// None: not all of them are there, or the kernel could not decide: processes may sit in v1
/// hierarchies only (hybrid hosts), or twtrace sees the hierarchy from inside of a cgroup
/// namespace.
std::optional<CgroupLocations> locate_cgroups(const std::vector<std::string>& paths);

} // namespace twtrace
