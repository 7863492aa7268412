// The user's filter. Applied to every event in user space; the kernel side evaluates what it can
// beforehand, with the same meaning (LiveConfig).
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
    std::vector<std::string> units;      ///< patterns as of fnmatch(3); ".service" may be omitted
    std::vector<std::string> containers; ///< prefixes of an id; names or patterns
    std::vector<PodPattern> pods;
    std::vector<std::string> pod_namespaces; ///< names or patterns
    /// Only closes of the command that twtrace runs. Only the kernel side can decide this.
    bool only_child = false;
    /// Paths below the hierarchy's root; each includes what is below it.
    std::vector<std::string> cgroups;

    [[nodiscard]] bool passes(const Event& event) const;
    /// Whether some events in the watched namespaces are left out.
    [[nodiscard]] bool is_partial() const;
    /// The part of the filter that depends on names only: those of a process, a unit, a container,
    /// a cgroup. event.owner must be set.
    [[nodiscard]] bool passes_owner(const Event& event) const;
};

} // namespace twtrace
