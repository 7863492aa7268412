#include "attribute/attributor.h"

#include <cstring>

#include "attribute/service_name.h"
#include "util/hash.h"

namespace twtrace {

namespace {

// On hybrid hosts the answer comes from /proc, and a living process may be moved.
constexpr std::uint64_t believed_ns = 5'000'000'000;

} // namespace

std::size_t Attributor::KeyHash::operator()(const Key& key) const {
    std::uint64_t halves[2];
    static_assert(sizeof(halves) == sizeof(key.comm));
    std::memcpy(halves, key.comm.data(), sizeof(halves));
    return mix(mix(mix(mix(key.pid, key.start_boottime_ns), key.cgroup_id), halves[0]), halves[1]);
}

Owner Attributor::look_up(const Task& task) {
    Owner owner;
    if (const CgroupRef cgroup =
            cgroups_.resolve(task.cgroup_id, task.pid, task.start_boottime_ns)) {
        owner.unit = cgroup->name.unit;
        owner.container = cgroup->name.container;
        owner.cgroup = cgroup->path;
        owner.service = pick_service(cgroup->name, task.comm());
    } else {
        owner.service = task.comm();
    }
    return owner;
}

void Attributor::attribute(Event& event) {
    static const Owner nobody;
    if (!event.task.known()) {
        event.owner = &nobody;
        return;
    }
    const Key key{event.task.start_boottime_ns, event.task.cgroup_id, event.task.pid,
                  event.task.comm_bytes};
    Known* known = owners_.find(key);
    if (known == nullptr || known->until_ns < event.time_ns)
        known = &owners_.put(key, {look_up(event.task), event.time_ns + believed_ns});
    event.owner = &known->owner;
}

} // namespace twtrace
