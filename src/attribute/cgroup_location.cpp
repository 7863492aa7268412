#include "attribute/cgroup_location.h"

#include <algorithm>

#include <sys/stat.h>

#include "attribute/cgroup_path.h"
#include "attribute/cgroup_tree.h"
#include "attribute/proc_text.h"

namespace twtrace {

namespace {

constexpr std::size_t max_mountinfo_bytes = std::size_t{16} << 20;

bool in_first_cgroup_namespace() {
    constexpr ino_t first = 0xEFFFFFFBU; // include/linux/proc_ns.h, PROC_CGROUP_INIT_INO
    struct stat status {};
    return stat("/proc/self/ns/cgroup", &status) == 0 && status.st_ino == first;
}

std::uint32_t level_of(const std::string& path) {
    return path == "/" ? 0 : static_cast<std::uint32_t>(std::count(path.begin(), path.end(), '/'));
}

} // namespace

std::optional<CgroupLocations> locate_cgroups(const std::vector<std::string>& paths) {
    const auto text = read_text("/proc/self/mountinfo", max_mountinfo_bytes);
    const CgroupMounts mounts = text ? parse_mountinfo(*text) : CgroupMounts{};
    if (mounts.has_v1 || mounts.v2_root != "/" || !in_first_cgroup_namespace())
        return std::nullopt;
    CgroupLocations locations;
    const bool complete = CgroupTree(mounts.v2_mount, mounts.v2_root, false)
                              .walk([&](std::uint64_t id, const std::string& path) {
                                  locations.largest_id = std::max(locations.largest_id, id);
                                  if (std::find(paths.begin(), paths.end(), path) != paths.end())
                                      locations.found.push_back({id, level_of(path)});
                                  return true;
                              });
    if (!complete || locations.found.size() != paths.size())
        return std::nullopt;
    return locations;
}

} // namespace twtrace
