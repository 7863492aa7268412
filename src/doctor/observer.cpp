#include "doctor/observer.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "aggregate/key.h"

namespace twtrace::doctor {

namespace {

void count_no_port(Flow& flow, const Event& event, std::uint64_t times) {
    if (event.reason == Reason::PortTaken) {
        flow.port_taken += times;
        flow.last_port = event.local_port;
    } else if (event.reason == Reason::OwnRange) {
        flow.own_range += times;
    } else {
        flow.no_port += times;
        flow.last_no_port_ns = std::max(flow.last_no_port_ns, event.time_ns);
    }
}

// The name of a parent that is gone is not known, which does not count as a difference.
void note_parent(Flow& flow, const Event& event) {
    if (event.owner == nullptr || event.owner->parent.empty())
        return;
    flow.one_parent =
        flow.one_parent && (flow.parent.empty() || flow.parent == event.owner->parent);
    flow.parent = event.owner->parent;
}

void count(Flow& flow, const Event& event, std::uint64_t times, std::size_t& processes_left) {
    switch (event.type) {
    case EventType::TimeWait:
        flow.time_wait += times;
        flow.fin_wait2 += event.stage == Stage::FinWait2 ? times : 0;
        flow.without_timestamps += event.timestamps.value_or(true) ? 0 : times;
        if (event.role == Role::Client) {
            flow.bound += event.port_bound && !event.port_chosen ? times : 0;
            flow.chosen += event.port_chosen ? times : 0;
        }
        flow.bytes += event.bytes_sent + event.bytes_received;
        // Events that were counted because the ring was full have no time.
        if (event.time_ns != 0)
            flow.regularity.add(event.time_ns);
        if (const auto lifetime = event.lifetime_us())
            flow.lifetimes.add(*lifetime);
        break;
    case EventType::PassiveClose:
        flow.passive_close += times;
        flow.bytes += event.bytes_sent + event.bytes_received;
        break;
    case EventType::PortExhausted:
        count_no_port(flow, event, times);
        break;
    case EventType::Aborted:
        flow.local_resets += event.reason == Reason::LocalReset ? times : 0;
        flow.overflows += event.reason == Reason::Overflow ? times : 0;
        break;
    case EventType::TimeWaitStart: // not requested
    case EventType::TimeWaitEnd:
        break;
    }
    if (flow.remote.family != 0 && !event.remote_service.empty())
        flow.remote_service = event.remote_service;
    if (event.task.known()) {
        flow.comm = event.owner != nullptr && !event.owner->process.empty()
                        ? event.owner->process
                        : std::string(event.task.comm());
        if (event.owner != nullptr) {
            flow.program = event.owner->program;
            flow.language = event.owner->language;
        }
        flow.count_for(event.task.pid, times);
        flow.processes.add(event.task.pid, event.task.start_boottime_ns, processes_left);
        note_parent(flow, event);
    }
}

} // namespace

std::size_t Observer::KeyHash::operator()(const Key& key) const {
    std::size_t hash = hash_of(key.local, mix(key.netns, key.port));
    hash = hash_of(key.remote, mix(hash, static_cast<std::uint64_t>(key.role)));
    return mix(hash, std::hash<std::string>{}(key.service));
}

Flow* Observer::find(Flows& flows, std::size_t limit, const Event& event, bool by_remote) {
    Key key{event.netns,
            event.role,
            event.service_port(),
            event.local,
            by_remote ? event.remote : Address{},
            std::string(event.service())};
    const auto found = flows.find(key);
    if (found != flows.end())
        return &found->second;
    if (flows.size() >= limit)
        return nullptr;
    Flow flow;
    flow.netns = key.netns;
    flow.role = key.role;
    flow.local = key.local;
    flow.remote = key.remote;
    flow.port = key.port;
    flow.service = key.service;
    return &flows.emplace(std::move(key), std::move(flow)).first->second;
}

void Observer::add(const Event& event, std::uint64_t times) {
    if (event.retracts && event.time_ns == 0) { // its TimeWait was counted in the kernel too
        totals_.retract(times);
        return;
    }
    totals_.add(event.type, event.stage, times);
    if (event.role == Role::Unknown)
        return;
    note_bound_port(event);
    const bool client = event.role == Role::Client;
    if (Flow* flow = find(flows_, limits_.flows, event, client))
        count(*flow, event, times, processes_left_);
    else
        beyond_ += times;
    if (!client && event.time_ns != 0)
        if (Flow* visit = find(visits_, limits_.visits, event, true))
            count(*visit, event, times, processes_left_);
}

void Observer::note_bound_port(const Event& event) {
    if (event.type != EventType::TimeWait || event.role != Role::Client || !event.port_bound ||
        event.port_chosen)
        return;
    const std::pair key{event.netns, event.local};
    auto found = bound_.find(key);
    if (found == bound_.end()) {
        if (bound_.size() >= limits_.bound_sets)
            return;
        found = bound_.try_emplace(key).first;
    }
    found->second.insert(event.local_port);
}

void Observer::finish(Observations& into) {
    into.totals = totals_;
    into.beyond = beyond_;
    for (auto& [key, flow] : flows_)
        into.flows.push_back(std::move(flow));
    for (auto& [key, visit] : visits_)
        into.visits.push_back(std::move(visit));
    for (const auto& [key, ports] : bound_)
        for (const std::uint8_t bits : ports.bits)
            into.bound_ports[key] += static_cast<std::uint32_t>(std::popcount(bits));
    bound_.clear();
    flows_.clear();
    visits_.clear();
}

} // namespace twtrace::doctor
