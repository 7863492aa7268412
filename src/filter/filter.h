// What the user asked to see. Applied to every event in user space; what the kernel side can decide
// is decided there first, with the same meaning (LiveConfig).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/cidr.h"
#include "model/event.h"
#include "util/port_set.h"

namespace twtrace {

/// Patterns as of fnmatch(3).
struct PodPattern {
    std::string pod_namespace; ///< empty: any
    std::string name;          ///< of the pod, or of its workload
    bool operator==(const PodPattern&) const = default;
};

struct Filter {
    std::vector<std::uint32_t> pids; ///< empty: all
    std::string comm; ///< empty: all; compared with the 15 bytes that the kernel keeps
    PortSet local_ports;
    PortSet remote_ports;
    std::uint8_t family = 0;          ///< 4, 6, or 0: both
    std::vector<std::uint32_t> netns; ///< inodes; empty: all
    std::vector<Cidr> local_cidrs;    ///< empty: all, as below
    std::vector<Cidr> remote_cidrs;
    Role role = Role::Unknown;           ///< Unknown: both, and those that are not known
    std::vector<std::string> units;      ///< patterns as of fnmatch(3); ".service" may be left out
    std::vector<std::string> containers; ///< what an id begins with; names, patterns too
    std::vector<PodPattern> pods;
    std::vector<std::string> pod_namespaces; ///< names, patterns too
    /// Only what the command closes that twtrace runs. The kernel side alone knows who that is.
    bool only_child = false;
    std::vector<std::string> cgroups; ///< paths below the hierarchy's root, each with what is below

    [[nodiscard]] bool passes(const Event& event) const;
    /// Leaves out some of what happens in the namespaces that are looked at.
    [[nodiscard]] bool is_partial() const;
    /// The part of it that only names decide: those of a process, a unit, a container, a cgroup.
    /// event.owner is set.
    [[nodiscard]] bool passes_owner(const Event& event) const;
};

} // namespace twtrace
