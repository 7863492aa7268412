// Finds the cgroup of the closing task, from its cgroup id, pid and start time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "attribute/cgroup_path.h"
#include "attribute/cgroup_tree.h"
#include "attribute/lru_cache.h"

namespace twtrace {

struct CgroupInfo {
    /// From the root of the hierarchy, "/" for the root itself; at most 4096 bytes. Its bytes are
    /// untrusted: escape them for output.
    std::string path;
    CgroupName name;
};

/// Shared, because an event, a group and the cache refer to the same one. Null: not known.
using CgroupRef = std::shared_ptr<const CgroupInfo>;

struct CgroupResolverOptions {
    std::string proc_root = "/proc";
    std::string cgroup2_mount;   ///< empty: the one in <proc_root>/self/mountinfo
    bool use_handles = true;     ///< false: only walk the tree, as without CAP_DAC_READ_SEARCH
    std::size_t capacity = 4096; ///< entries per cache (ids, processes); about 0.5 KB each
    /// A living process is looked up again after this time, since it may be moved to another
    /// cgroup.
    std::chrono::nanoseconds process_ttl = std::chrono::seconds(10);
    std::chrono::nanoseconds unknown_ttl = std::chrono::seconds(1);
    std::chrono::nanoseconds walk_interval =
        std::chrono::seconds(1);                   ///< the minimum time between two walks
    std::function<std::chrono::nanoseconds()> now; ///< empty: CLOCK_MONOTONIC; tests set their own
};

/// The mounted hierarchies determine whether a cgroup id can be trusted.
enum class CgroupLayout {
    Unified, ///< cgroup2 only: the id is sufficient, even after the process is gone
    Hybrid,  ///< cgroup2 beside v1 hierarchies: processes may be in the latter only
    Legacy,  ///< v1 only
    None
};

/// Never fails: what cannot be found is null. Memory is bounded by `capacity`. For one thread.
class CgroupResolver {
  public:
    explicit CgroupResolver(CgroupResolverOptions options = {});

    /// The best answer that the layout allows. Unified: by id, else by process. Otherwise by
    /// process, and if that is gone by id, unless the id is the root's (which is not conclusive).
    ///
    /// cgroup_id: inode of the cgroup2 directory, bpf_get_current_cgroup_id(); 0: unknown.
    ///
    /// pid: the process (tgid), as seen in the pid namespace of `proc_root`; 0: unknown.
    ///
    /// start_boottime_ns: task->group_leader->start_boottime (CLOCK_BOOTTIME), as /proc/PID/stat
    /// shows it; detects a reused pid; 0: unknown.
    CgroupRef resolve(std::uint64_t cgroup_id, std::uint32_t pid, std::uint64_t start_boottime_ns);

    /// Stores a path that is known from a trusted source.
    CgroupRef learn(std::uint64_t cgroup_id, std::string_view path);
    /// Caches all present cgroups, as far as they fit; calls visit for each.
    void learn_all(const std::function<void(const CgroupInfo&)>& visit = {});

    CgroupRef by_id(std::uint64_t cgroup_id);
    CgroupRef by_process(std::uint32_t pid, std::uint64_t start_boottime_ns);

    CgroupLayout layout() const { return layout_; }
    /// False if ids are looked up by walking, which is slower and misses a cgroup that is removed
    /// soon.
    bool has_handles() const { return tree_->has_handles(); }

  private:
    struct Process {
        std::uint32_t pid;
        std::uint64_t start_ticks;
        bool operator==(const Process&) const = default;
    };
    struct ProcessHash {
        std::size_t operator()(const Process& p) const;
    };
    struct Known {
        CgroupRef cgroup;
        std::chrono::nanoseconds until; ///< 0: no limit
    };

    CgroupRef find_by_walk(std::uint64_t cgroup_id);
    CgroupRef read_process(const Process& process) const;
    std::uint64_t read_start_ticks(std::uint32_t pid) const;

    CgroupResolverOptions options_;
    CgroupLayout layout_ = CgroupLayout::None;
    std::unique_ptr<CgroupTree> tree_;
    LruCache<std::uint64_t, Known> ids_;
    LruCache<Process, Known, ProcessHash> processes_;
    std::chrono::nanoseconds next_walk_{0};
};

} // namespace twtrace
