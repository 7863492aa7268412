#include "attribute/attributor.h"

#include <cstring>
#include <utility>

#include "attribute/host_services.h"
#include "attribute/program_name.h"
#include "attribute/service_name.h"
#include "util/hash.h"

namespace twtrace {

namespace {

// On hybrid hosts the cgroup comes from /proc, and a process may be moved to another one.
constexpr std::uint64_t owner_max_age_ns = 5'000'000'000;
constexpr std::uint64_t netns_name_max_age_ns = 1'000'000'000;

} // namespace

Attributor::Attributor(AttributeOptions options)
    : options_(std::move(options)), containers_(options_.root) {
    if (options_.resolve)
        remote_names_.emplace();
}

Attributor::~Attributor() = default;

std::size_t Attributor::KeyHash::operator()(const Key& key) const {
    std::uint64_t halves[2];
    static_assert(sizeof(halves) == sizeof(key.comm));
    std::memcpy(halves, key.comm.data(), sizeof(halves));
    return mix(mix(mix(mix(key.pid, key.start_boottime_ns), key.cgroup_id), halves[0]), halves[1]);
}

void Attributor::learn_cgroups() {
    cgroups_.learn_all(
        [this](const CgroupInfo& cgroup) { containers_.find(cgroup.name, cgroup.path); });
}

void Attributor::learn_cgroup(std::uint64_t id, std::string_view path) {
    const CgroupRef cgroup = cgroups_.learn(id, path);
    containers_.find(cgroup->name, cgroup->path);
}

void Attributor::name_container(const CgroupInfo& cgroup, Owner& owner) {
    const ContainerNames* names = containers_.find(cgroup.name, cgroup.path);
    owner.service = pick_service(cgroup.name, owner.process, names);
    if (names == nullptr)
        return;
    owner.container_name = names->container_name;
    owner.pod = names->pod;
    owner.pod_namespace = names->pod_namespace;
    owner.workload = names->workload;
}

Owner Attributor::look_up(const Task& task, std::uint64_t now_ns) {
    Owner owner;
    owner.process = processes_.name_of(task);
    if (const CgroupRef cgroup =
            cgroups_.resolve(task.cgroup_id, task.pid, task.start_boottime_ns)) {
        owner.unit = cgroup->name.full_unit();
        owner.container = cgroup->name.container;
        owner.cgroup = cgroup->path;
        name_container(*cgroup, owner);
    } else {
        owner.service = owner.process;
    }
    owner.parent = parents_.name_of(task.parent_pid, now_ns);
    if (options_.programs)
        owner.program = read_program(task.pid, task.start_boottime_ns);
    if (options_.languages && !owner.program.empty()) // it is still the same process
        owner.language = languages_.of(task.pid);
    if (options_.cmdlines)
        owner.cmdline = read_cmdline(task.pid, task.start_boottime_ns);
    return owner;
}

Attributor::Key Attributor::key_of(const Task& task) {
    return {task.start_boottime_ns, task.cgroup_id, task.pid, task.comm_bytes};
}

const Attributor::Known& Attributor::owner_of(const Event& event, const Key& key) {
    Known* known = owners_.find(key);
    if (known != nullptr && known->until_ns >= event.time_ns)
        return *known;
    Owner owner = look_up(event.task, event.time_ns);
    if (known != nullptr) { // it is gone, but had this name
        if (owner.cmdline.empty())
            owner.cmdline = std::move(known->owner.cmdline);
        if (owner.program.empty())
            owner.program = std::move(known->owner.program);
        if (owner.language.empty())
            owner.language = std::move(known->owner.language);
    }
    owner.id = new_owner_id();
    return owners_.put(key, {std::move(owner), event.time_ns + owner_max_age_ns});
}

void Attributor::name_netns(Event& event) {
    if (netns_.inode != event.netns || netns_.until_ns < event.time_ns)
        netns_ = {event.netns, event.time_ns + netns_name_max_age_ns,
                  netns_names_.name_of(event.netns).value_or("")};
    event.netns_name = netns_.name;
}

void Attributor::name_remote(Event& event) {
    if (options_.host_services) {
        if (const std::uint64_t version = options_.host_services->version();
            version != host_services_version_) {
            host_services_version_ = version;
            host_services_ = options_.host_services->get();
        }
        options_.host_services->mark_used();
        if (host_services_)
            event.remote_service = host_services_->find(event);
        if (host_services_ && !host_services_->knows(event.netns))
            options_.host_services->request();
        if (event.remote_service.empty())
            event.remote_service = passive_ends_.find(event);
    }
    if (remote_names_) {
        remote_names_->find(event.remote, remote_name_);
        event.remote_name = remote_name_;
    }
}

void Attributor::attribute(Event& event) {
    static const Owner no_owner;
    name_remote(event);
    if (options_.netns_names)
        name_netns(event);
    if (!event.task.known()) {
        event.owner = &no_owner;
        return;
    }
    event.owner = &owner_of(event, key_of(event.task)).owner;
    if (options_.host_services)
        passive_ends_.note(event);
}

void Attributor::prepare(const Event& event) {
    const Key key = key_of(event.task);
    if (!event.task.known() || key == prepared_) // most events of a batch belong to one process
        return;
    prepared_ = key;
    owner_of(event, key);
}

} // namespace twtrace
