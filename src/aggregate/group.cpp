#include "aggregate/group.h"

namespace twtrace {

void Counts::add(EventType type, Stage stage, std::uint64_t times) {
    switch (type) {
    case EventType::TimeWait:
        time_wait += times;
        fin_wait2 += stage == Stage::FinWait2 ? times : 0;
        return;
    case EventType::PassiveClose:
        passive_close += times;
        return;
    case EventType::Aborted:
        aborted += times;
        return;
    case EventType::PortExhausted:
        port_exhausted += times;
        return;
    case EventType::TimeWaitStart: // Ends
    case EventType::TimeWaitEnd:
        return;
    }
}

void Counts::retract(std::uint64_t times) {
    time_wait -= times;
    fin_wait2 -= times;
}

void Counts::add(const Counts& counts) {
    time_wait += counts.time_wait;
    fin_wait2 += counts.fin_wait2;
    aborted += counts.aborted;
    passive_close += counts.passive_close;
    port_exhausted += counts.port_exhausted;
}

void Group::absorb_identity(const Group& group) {
    pid.absorb(group.pid);
    comm.absorb(group.comm);
    process.absorb(group.process);
    service.absorb(group.service);
    unit.absorb(group.unit);
    container.absorb(group.container);
    program.absorb(group.program);
    container_name.absorb(group.container_name);
    pod.absorb(group.pod);
    pod_namespace.absorb(group.pod_namespace);
    workload.absorb(group.workload);
    parent.absorb(group.parent);
    cmdline.absorb(group.cmdline);
    netns.absorb(group.netns);
    netns_name.absorb(group.netns_name);
    role.absorb(group.role);
    remote.absorb(group.remote);
    service_port.absorb(group.service_port);
}

Ends& Group::ensure_ends() {
    if (!ends)
        ends = std::make_unique<Ends>();
    return *ends;
}

void Group::absorb(const Group& group) {
    absorb_identity(group);
    counts.add(group.counts);
    for (std::size_t index = 0; index < how.size(); ++index)
        how[index] += group.how[index];
    if (group.lifetime_us && !lifetime_us)
        lifetime_us = std::make_unique<Histogram>();
    if (group.lifetime_us)
        lifetime_us->add(*group.lifetime_us);
    if (group.ends)
        ensure_ends().add(*group.ends);
    other_peers += group.other_peers;
    retracted_early += group.retracted_early;
    last_add = std::max(last_add, group.last_add);
}

} // namespace twtrace
