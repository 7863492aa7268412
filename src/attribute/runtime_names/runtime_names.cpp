#include "attribute/runtime_names/runtime_names.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <sys/utsname.h>

#include "attribute/runtime_names/runtime_table.h"

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t max_age_ns = 60 * second_ns;
constexpr std::uint64_t unknown_retry_ns = second_ns; // it may be written a moment later

std::uint64_t steady_now_ns() {
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

bool is_complete(const ContainerNames& names, const CgroupName& cgroup) {
    return !names.container_name.empty() && (cgroup.pod.empty() || !names.pod.empty());
}

void fill_gaps(ContainerNames& names, const ContainerNames& before) {
    for (const auto member : {&ContainerNames::container_name, &ContainerNames::pod,
                              &ContainerNames::pod_namespace, &ContainerNames::workload})
        if ((names.*member).empty())
            names.*member = before.*member;
}

} // namespace

RuntimeNames::RuntimeNames(std::string root, std::function<std::uint64_t()> now_ns)
    : root_(std::move(root)), now_ns_(now_ns ? std::move(now_ns) : steady_now_ns) {
    utsname system{};
    if (uname(&system) == 0)
        node_ = system.nodename;
}

ContainerNames RuntimeNames::read(const CgroupName& cgroup, std::string_view path) const {
    ContainerNames names;
    const RuntimeQuery query{cgroup, path, root_, node_};
    for (const RuntimeRow& row : runtime_table()) {
        if (is_complete(names, cgroup))
            break;
        if (row.applies(cgroup))
            row.read(query, names);
    }
    if (!names.pod.empty()) {
        const bool is_static = cgroup.pod.size() == 32; // a hash instead of a UUID
        names.workload = workload_of(names.pod, is_static ? node_ : std::string_view());
    }
    return names;
}

const ContainerNames* RuntimeNames::find(const CgroupName& cgroup, std::string_view path) {
    if (cgroup.container_id.empty())
        return nullptr;
    const std::uint64_t now_ns = now_ns_();
    const std::string key = cgroup.runtime + ":" + cgroup.container_id;
    Known* known = known_.find(key);
    if (known == nullptr || now_ns >= known->until_ns) {
        ContainerNames names = read(cgroup, path);
        if (known != nullptr) // keep the name of a container that is gone
            fill_gaps(names, known->names);
        // Files can be large (0.2 s for a list of 8 MiB), so the wait for a missing name doubles.
        std::uint64_t wait_ns = max_age_ns;
        if (!is_complete(names, cgroup))
            wait_ns =
                known == nullptr ? unknown_retry_ns : std::min(2 * known->wait_ns, max_age_ns);
        known = &known_.put(key, {std::move(names), now_ns + wait_ns, wait_ns});
    }
    return known->names.known() ? &known->names : nullptr;
}

} // namespace twtrace
