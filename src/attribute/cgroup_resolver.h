// From what the kernel says about the closing task (cgroup id, pid, start time) to its cgroup.
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
    std::string
        path; ///< from the root of the hierarchy, "/" for the root itself; at most 4096 bytes.
              ///< Its bytes were chosen by whoever made the cgroup: escape them for output.
    CgroupName name;
};

/// Shared, because an event, a group and the cache hold the same one. Null: not known.
using CgroupRef = std::shared_ptr<const CgroupInfo>;

struct CgroupResolverOptions {
    std::string proc_root = "/proc";
    std::string cgroup2_mount;   ///< empty: the one that <proc_root>/self/mountinfo tells
    bool use_handles = true;     ///< false: only the walk, as without CAP_DAC_READ_SEARCH
    std::size_t capacity = 8192; ///< entries per cache (ids, processes); about 0.5 KB each
    /// After this a living process is asked again, since it may be moved to another cgroup.
    std::chrono::nanoseconds process_ttl = std::chrono::seconds(10);
    std::chrono::nanoseconds unknown_ttl = std::chrono::seconds(1);
    std::chrono::nanoseconds walk_interval =
        std::chrono::seconds(1);                   ///< at most one walk in this time
    std::function<std::chrono::nanoseconds()> now; ///< empty: CLOCK_MONOTONIC; tests set their own
};

/// Which hierarchies are mounted decides whether a cgroup id can be believed.
enum class CgroupLayout {
    Unified, ///< cgroup2 alone: the id says it all, also after the process is gone
    Hybrid,  ///< cgroup2 beside v1 hierarchies: processes may sit in these only
    Legacy,  ///< v1 alone
    None
};

/// Never fails: what cannot be found is null. Memory is bounded by `capacity`. For one thread.
class CgroupResolver {
  public:
    explicit CgroupResolver(CgroupResolverOptions options = {});

    /// The best answer that the layout allows. Unified: by id, else by process. Otherwise by
    /// process, and when that is gone by id, if the id is not the root's (which then says nothing).
    ///   cgroup_id          inode of the cgroup2 directory, bpf_get_current_cgroup_id(); 0 if
    ///   unknown pid                of the process (tgid), as seen in the pid namespace of
    ///   `proc_root`; 0 if unknown start_boottime_ns  task->group_leader->start_boottime (of the
    ///   leader, as /proc/PID/stat shows it),
    ///                      ns of CLOCK_BOOTTIME; tells a reused pid from the one meant. 0 if
    ///                      unknown
    CgroupRef resolve(std::uint64_t cgroup_id, std::uint32_t pid, std::uint64_t start_boottime_ns);

    /// Told by somebody who knows: it is believed.
    CgroupRef learn(std::uint64_t cgroup_id, std::string_view path);
    /// All the cgroups that there are now, as far as there is room for them; visit sees each.
    void learn_all(const std::function<void(const CgroupInfo&)>& visit = {});

    CgroupRef by_id(std::uint64_t cgroup_id);
    CgroupRef by_process(std::uint32_t pid, std::uint64_t start_boottime_ns);

    CgroupLayout layout() const { return layout_; }
    /// False if ids are looked up by walking: slower, and a cgroup that is removed soon is missed.
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
        std::chrono::nanoseconds until; ///< 0: for ever
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
