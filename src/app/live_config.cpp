#include "app/live_config.h"

#include <algorithm>
#include <ctime>

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/sockstat.h"
#include "attribute/cgroup_location.h"

namespace twtrace {

namespace {

std::vector<twtrace_cidr> wire_cidrs(const std::vector<Cidr>& cidrs) {
    std::vector<twtrace_cidr> wire;
    for (const Cidr& cidr : cidrs) {
        twtrace_cidr one{};
        one.prefix_bits = cidr.bits + 32U;
        one.family = cidr.base.family;
        std::copy(cidr.base.bytes.begin(), cidr.base.bytes.end(), one.addr);
        wire.push_back(one);
    }
    return wire;
}

// 0: the initial one.
std::uint32_t own_pid_namespace() {
    constexpr ino_t initial = 0xEFFFFFFCU; // include/linux/proc_ns.h, PROC_PID_INIT_INO
    struct stat status {};
    if (stat("/proc/self/ns/pid", &status) != 0 || status.st_ino == initial)
        return 0;
    spdlog::warn("twtrace runs in a pid namespace (a container): pids are those of this "
                 "namespace, and processes outside of it have none");
    return static_cast<std::uint32_t>(status.st_ino);
}

// CLOCK_MONOTONIC_COARSE has the resolution of a tick (TICK_NSEC, kernel/time/posix-timers.c).
std::uint32_t tick_ns() {
    timespec tick{};
    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    return static_cast<std::uint32_t>(tick.tv_nsec);
}

// If the kernel side can't decide, it filters nothing, and user space decides alone.
void set_cgroups(twtrace_config& gate, std::vector<std::string> paths) {
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    if (paths.empty() || paths.size() > std::size(gate.cgroup_id))
        return;
    const auto locations = locate_cgroups(paths);
    if (!locations) {
        spdlog::info("on this host --cgroup is applied in user space only");
        return;
    }
    for (std::size_t index = 0; index < locations->found.size(); ++index) {
        gate.cgroup_id[index] = locations->found[index].id;
        gate.cgroup_level[index] = locations->found[index].level;
    }
    gate.cgroup_id_known = locations->largest_id;
    gate.cgroup_count = static_cast<twtrace_u8>(locations->found.size());
}

} // namespace

LiveConfig live_config(const Options& options, const Wanted& wanted) {
    LiveConfig config;
    const Filter& filter = options.filter;
    config.gate.types = wanted.types;
    config.gate.count_passive = static_cast<twtrace_u8>(wanted.passive);
    config.gate.report_port_bound = wanted.port_bound ? 1 : 0;
    config.gate.family = filter.family;
    config.gate.role = static_cast<twtrace_u8>(filter.role);
    config.gate.filter_pid = filter.pids.empty() ? 0 : 1;
    config.gate.filter_local_port = filter.local_ports.any ? 1 : 0;
    config.gate.filter_remote_port = filter.remote_ports.any ? 1 : 0;
    config.gate.filter_local_addr = filter.local_cidrs.empty() ? 0 : 1;
    config.gate.filter_remote_addr = filter.remote_cidrs.empty() ? 0 : 1;
    config.gate.netns_count = static_cast<std::uint32_t>(filter.netns.size());
    std::copy(filter.netns.begin(), filter.netns.end(), config.gate.netns);
    config.gate.parent = options.wants_parents() ? 1 : 0;
    config.gate.pid_namespace = own_pid_namespace();
    config.gate.tick_ns = tick_ns();
    set_cgroups(config.gate, filter.cgroups);
    config.gate.tree_parent = options.child.empty() ? 0 : static_cast<std::uint32_t>(getpid());
    config.pids = filter.pids;
    config.local_ports = filter.local_ports;
    config.remote_ports = filter.remote_ports;
    config.local_cidrs = wire_cidrs(filter.local_cidrs);
    config.remote_cidrs = wire_cidrs(filter.remote_cidrs);
    config.ring_bytes = options.ring_bytes;
    config.ends = options.ends;
    const auto counts = read_sockstat("/proc/self/net");
    config.sockets = counts ? counts->allocated : 0;
    return config;
}

} // namespace twtrace
