// The files of /proc that describe a process's location: bounded reading and defensive parsing.
//
// Sources: proc(5) for mountinfo, cgroup and stat; cgroups(7) for what the lines of cgroup mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twtrace {

/// The first `limit_bytes` of a file, or none if it cannot be opened or read. /proc files have no
/// size, and a process that ends while being read is normal and not an error to report.
std::optional<std::string> read_text(const std::string& path, std::size_t limit_bytes);

/// mountinfo writes space, tab, newline and backslash in a path as three octal digits.
std::string decode_octal(std::string_view text);

struct CgroupMounts {
    std::string v2_mount; ///< where cgroup2 is mounted; empty if it is not
    std::string v2_root;  ///< the cgroup that is mounted there, "/" unless inside a container
    bool has_v1 = false;  ///< some v1 hierarchy is mounted
};

/// Reads /proc/PID/mountinfo. Of several cgroup2 mounts it takes the first that shows the whole
/// tree.
CgroupMounts parse_mountinfo(std::string_view text);

/// The most specific path of /proc/PID/cgroup, by the first of these that exists:
///
///   1. a path that names a container (name_cgroup), looked for in name=systemd, then in the v2
///      hierarchy, then in the v1 controllers
///   2. name=systemd, if it is not the root: on v1 and hybrid hosts systemd keeps its units there
///   3. the v2 path, if it is not the root
///   4. the deepest path of the v1 controllers: docker without systemd is only seen in these
///   5. "/"
///
/// Containers first, because on hybrid hosts the hierarchies disagree: dockerd with the cgroupfs
/// driver leaves its containers in its own v2 cgroup, "0::/system.slice/containerd.service", while
/// every v1 hierarchy says "/docker/<id>" (as in ctrsploit issue 280). The kernel's " (deleted)" is
/// removed. None if no line can be read.
std::optional<std::string> choose_cgroup_path(std::string_view text);

/// Field 22 of /proc/PID/stat: when the process started, in clock ticks since boot.
std::optional<std::uint64_t> parse_start_ticks(std::string_view text);
/// The length of such a tick.
std::uint64_t ns_per_tick();
/// The value of that field for a process with this start time, in this process's time namespace.
std::uint64_t start_ticks_of(std::uint64_t start_boottime_ns);
/// The earliest start time of a process with this value of the field.
std::uint64_t start_boottime_ns_of(std::uint64_t start_ticks);

} // namespace twtrace
