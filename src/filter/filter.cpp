#include "filter/filter.h"

#include <algorithm>

#include <fnmatch.h>

#include "model/owner.h"

namespace twtrace {

namespace {

// No condition is given, or one of them holds.
template <typename Conditions, typename Test>
bool none_or_any(const Conditions& conditions, Test test) {
    return conditions.empty() || std::any_of(conditions.begin(), conditions.end(), test);
}

template <typename Value>
auto is(Value value) {
    return [value](auto one) { return one == value; };
}

auto has(const Address& address) {
    return [&address](const Cidr& cidr) { return cidr.contains(address); };
}

// A backslash is part of a unit's name (systemd.unit(5): \x2d).
bool is_unit(const std::string& pattern, const std::string& unit) {
    const auto matches = [&unit](const std::string& whole) {
        return fnmatch(whole.c_str(), unit.c_str(), FNM_NOESCAPE) == 0;
    };
    return !unit.empty() && (matches(pattern) || matches(pattern + ".service"));
}

bool is_like(const std::string& pattern, const std::string& name) {
    return !name.empty() && fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
}

// Only 12 digits of an id are kept.
bool is_container(const std::string& pattern, const Owner& owner) {
    constexpr std::size_t kept = 12;
    return (!owner.container.empty() && owner.container.starts_with(pattern.substr(0, kept)) &&
            pattern.find_first_not_of("0123456789abcdef") == std::string::npos) ||
           is_like(pattern, owner.container_name) || is_like(pattern, owner.container);
}

bool is_pod(const PodPattern& pattern, const Owner& owner) {
    return (pattern.pod_namespace.empty() || is_like(pattern.pod_namespace, owner.pod_namespace)) &&
           !owner.pod.empty() &&
           (is_like(pattern.name, owner.pod) || is_like(pattern.name, owner.workload));
}

bool is_below(const std::string& top, const std::string& path) {
    return path.starts_with(top) &&
           (path.size() == top.size() || top == "/" || path[top.size()] == '/');
}

} // namespace

bool Filter::is_partial() const {
    return !pids.empty() || !comm.empty() || local_ports.any || remote_ports.any || family != 0 ||
           !local_cidrs.empty() || !remote_cidrs.empty() || role != Role::Unknown ||
           !units.empty() || !containers.empty() || !pods.empty() || !pod_namespaces.empty() ||
           !cgroups.empty() || only_child;
}

bool Filter::passes_owner(const Event& event) const {
    static const Owner no_owner;
    const Owner& owner = event.owner != nullptr ? *event.owner : no_owner;
    if (!comm.empty() && event.task.comm() != comm && owner.process != comm)
        return false;
    return none_or_any(units, [&](const auto& pattern) { return is_unit(pattern, owner.unit); }) &&
           none_or_any(containers,
                       [&](const auto& pattern) { return is_container(pattern, owner); }) &&
           none_or_any(pods, [&](const auto& pattern) { return is_pod(pattern, owner); }) &&
           none_or_any(
               pod_namespaces,
               [&](const auto& pattern) { return is_like(pattern, owner.pod_namespace); }) &&
           none_or_any(cgroups,
                       [&](const auto& pattern) { return is_below(pattern, owner.cgroup); });
}

bool Filter::passes(const Event& event) const {
    if (!none_or_any(pids, is(event.task.pid)))
        return false;
    if (local_ports.any && !local_ports.contains(event.local_port))
        return false;
    if (remote_ports.any && !remote_ports.contains(event.remote_port))
        return false;
    if (family != 0 && event.local.family != family)
        return false;
    if (role != Role::Unknown && event.role != role)
        return false;
    return none_or_any(netns, is(event.netns)) && none_or_any(local_cidrs, has(event.local)) &&
           none_or_any(remote_cidrs, has(event.remote)) && passes_owner(event);
}

} // namespace twtrace
