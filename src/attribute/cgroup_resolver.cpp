#include "attribute/cgroup_resolver.h"

#include <optional>
#include <utility>

#include "attribute/proc_text.h"

namespace twtrace {
namespace {

using std::chrono::nanoseconds;

// A container host may have thousands of mounts of about 300 bytes; a process has one line for each
// hierarchy.
constexpr std::size_t max_mountinfo_bytes = std::size_t{16} << 20;
constexpr std::size_t max_cgroup_bytes = std::size_t{64} << 10;
constexpr std::size_t max_stat_bytes = 4096;

nanoseconds monotonic_now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

CgroupRef make_info(std::string path) {
    auto info = std::make_shared<CgroupInfo>();
    info->name = name_cgroup(path);
    info->path = std::move(path);
    return info;
}

CgroupLayout layout_of(bool v1, bool v2) {
    if (v2)
        return v1 ? CgroupLayout::Hybrid : CgroupLayout::Unified;
    return v1 ? CgroupLayout::Legacy : CgroupLayout::None;
}

} // namespace

std::size_t CgroupResolver::ProcessHash::operator()(const Process& p) const {
    // Processes that start in one tick have different pids, and a reused pid starts in another
    // tick.
    return std::hash<std::uint64_t>{}((p.start_ticks << 22) ^ p.pid);
}

CgroupResolver::CgroupResolver(CgroupResolverOptions options)
    : options_(std::move(options)), ids_(options_.capacity), processes_(options_.capacity) {
    if (!options_.now)
        options_.now = monotonic_now;
    CgroupMounts mounts;
    if (const auto text = read_text(options_.proc_root + "/self/mountinfo", max_mountinfo_bytes))
        mounts = parse_mountinfo(*text);
    if (!options_.cgroup2_mount.empty()) {
        if (options_.cgroup2_mount != mounts.v2_mount)
            mounts.v2_root = "/";
        mounts.v2_mount = options_.cgroup2_mount;
    }
    tree_ = std::make_unique<CgroupTree>(mounts.v2_mount, mounts.v2_root, options_.use_handles);
    layout_ = layout_of(mounts.has_v1, tree_->is_open());
}

CgroupRef CgroupResolver::resolve(std::uint64_t cgroup_id, std::uint32_t pid,
                                  std::uint64_t start_boottime_ns) {
    if (layout_ == CgroupLayout::Unified) {
        if (CgroupRef found = by_id(cgroup_id))
            return found;
        return by_process(pid, start_boottime_ns);
    }
    if (CgroupRef found = by_process(pid, start_boottime_ns))
        return found;
    CgroupRef found = by_id(cgroup_id);
    return found && found->path != "/" ? found : nullptr;
}

CgroupRef CgroupResolver::learn(std::uint64_t cgroup_id, std::string_view path) {
    return ids_.put(cgroup_id, {make_info(std::string(path)), nanoseconds{0}}).cgroup;
}

void CgroupResolver::learn_all(const std::function<void(const CgroupInfo&)>& visit) {
    tree_->walk([&](std::uint64_t id, const std::string& path) {
        const CgroupRef cgroup = learn(id, path);
        if (visit)
            visit(*cgroup);
        return !ids_.full();
    });
}

CgroupRef CgroupResolver::by_id(std::uint64_t cgroup_id) {
    if (cgroup_id == 0 || !tree_->is_open())
        return nullptr;
    if (const Known* known = ids_.find(cgroup_id))
        return known->cgroup;
    if (!tree_->has_handles())
        return find_by_walk(cgroup_id);
    std::string path;
    const CgroupTree::Answer answer = tree_->open_by_id(cgroup_id, path);
    if (answer == CgroupTree::Answer::Unknown)
        return nullptr;
    CgroupRef found = answer == CgroupTree::Answer::Found ? make_info(std::move(path)) : nullptr;
    ids_.put(cgroup_id, {found, nanoseconds{0}});
    return found;
}

CgroupRef CgroupResolver::find_by_walk(std::uint64_t cgroup_id) {
    const nanoseconds now = options_.now();
    if (now < next_walk_)
        return nullptr;
    next_walk_ = now + options_.walk_interval;
    CgroupRef found;
    // Cgroups visited on the way are cached, unless that would evict others.
    const bool complete = tree_->walk([&](std::uint64_t id, const std::string& path) {
        if (id == cgroup_id)
            found = make_info(path);
        else if (!ids_.full() && !ids_.find(id))
            ids_.put(id, {make_info(path), nanoseconds{0}});
        return !found;
    });
    if (found || complete)
        ids_.put(cgroup_id, {found, nanoseconds{0}});
    return found;
}

CgroupRef CgroupResolver::by_process(std::uint32_t pid, std::uint64_t start_boottime_ns) {
    if (pid == 0)
        return nullptr;
    Process process{pid, start_ticks_of(start_boottime_ns)};
    if (start_boottime_ns == 0)
        process.start_ticks = read_start_ticks(pid);
    if (process.start_ticks == 0)
        return nullptr;
    const nanoseconds now = options_.now();
    Known* known = processes_.find(process);
    if (known && now < known->until)
        return known->cgroup;
    CgroupRef found = read_process(process);
    if (!found && known)
        found = known->cgroup; // the process is gone; its cached name is still right
    processes_.put(process, {found, now + (found ? options_.process_ttl : options_.unknown_ttl)});
    return found;
}

CgroupRef CgroupResolver::read_process(const Process& process) const {
    const auto text = read_text(options_.proc_root + "/" + std::to_string(process.pid) + "/cgroup",
                                max_cgroup_bytes);
    // The start time is read last. If it matches now, the pid belonged to the same process before.
    if (!text || read_start_ticks(process.pid) != process.start_ticks)
        return nullptr;
    auto path = choose_cgroup_path(*text);
    return path ? make_info(std::move(*path)) : nullptr;
}

std::uint64_t CgroupResolver::read_start_ticks(std::uint32_t pid) const {
    const auto text =
        read_text(options_.proc_root + "/" + std::to_string(pid) + "/stat", max_stat_bytes);
    return text ? parse_start_ticks(*text).value_or(0) : 0;
}

} // namespace twtrace
