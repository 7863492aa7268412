#include "aggregate/flows.h"

#include <algorithm>
#include <functional>

#include "aggregate/key.h"
#include "util/hash.h"

namespace twtrace {

namespace {

constexpr std::uint64_t minute_ns = 60'000'000'000;

std::string_view service_of(const Event& event) {
    if (event.owner != nullptr && !event.owner->service.empty())
        return event.owner->service;
    return event.task.comm();
}

FlowKey key_of(const Event& event) {
    FlowKey key;
    key.instance = event.task.start_boottime_ns;
    key.pid = event.task.pid;
    key.netns = event.netns;
    key.role = event.role;
    key.service_port = event.service_port();
    key.remote = event.remote;
    if (event.role == Role::Client)
        key.local = event.local;
    return key;
}

// A server may have any number of remote addresses but has one pid.
FlowKey coarser(FlowKey key, const Event& event) {
    if (key.role == Role::Server) {
        key.remote = {};
        return key;
    }
    key.pid = 0;
    key.instance = std::hash<std::string_view>{}(service_of(event));
    return key;
}

// A process is named after its main thread, or else after the first thread that was seen.
void name_flow(Flow& flow, const Event& event) {
    if (flow.total > 0 && event.task.tid != event.task.pid)
        return;
    const std::string_view service = service_of(event);
    if (flow.service == service && flow.total > 0)
        return;
    flow.service = service;
    if (event.owner != nullptr) {
        flow.unit = event.owner->unit;
        flow.container = event.owner->container;
        flow.container_name = event.owner->container_name;
        flow.parent = event.owner->parent;
    }
}

void name_remote(Flow& flow, const Event& event) {
    if (flow.key.remote.family == 0) // several addresses
        return;
    if (!event.remote_service.empty() && flow.remote_service != event.remote_service)
        flow.remote_service = event.remote_service;
    if (!event.remote_name.empty() && flow.remote_name != event.remote_name)
        flow.remote_name = event.remote_name;
}

void keep_recent(Flow& flow, const Event& event) {
    RecentClose& recent = flow.recent[flow.next_recent++ % flow.recent.size()];
    const auto lifetime = event.lifetime_us();
    recent = {event.wall_ns, lifetime.value_or(0), event.local_port,    event.remote_port,
              event.how,     event.stage,          lifetime.has_value()};
}

} // namespace

std::size_t FlowKeyHash::operator()(const FlowKey& key) const {
    std::uint64_t hash = mix(key.instance, std::uint64_t{key.pid} << 32U | key.netns);
    hash = mix(hash, static_cast<std::uint64_t>(key.role) << 16U | key.service_port);
    return hash_of(key.remote, hash_of(key.local, hash));
}

void Flow::move_to(std::uint64_t now_ns, std::size_t rate_seconds) {
    entries.move_to(now_ns);
    no_port.move_to(now_ns);
    in_minute = entries.sum();
    no_port_in_minute = no_port.sum();
    recent_entries = 0;
    for (std::size_t ago = 0; ago < rate_seconds; ++ago)
        recent_entries += entries.ago(ago);
    recent_no_port = no_port.ago(0) + no_port.ago(1);
}

Flow* Flows::find_or_make(const FlowKey& key, std::size_t limit) {
    const auto found = flows_.find(key);
    if (found != flows_.end())
        return &found->second;
    if (flows_.size() >= limit)
        return nullptr;
    Flow& flow = flows_[key];
    flow.key = key;
    flow.halved_ns = now_ns_;
    return &flow;
}

Flow& Flows::flow_of(const Event& event) {
    const FlowKey key = key_of(event);
    if (Flow* flow = find_or_make(key, limits_.fine))
        return *flow;
    if (Flow* flow = find_or_make(coarser(key, event), limits_.fine + limits_.coarse))
        return *flow;
    return *find_or_make({}, SIZE_MAX);
}

void Flows::add(const Event& event, std::uint64_t now_ns, std::uint32_t times) {
    now_ns_ = std::max(now_ns_, now_ns);
    if (event.type != EventType::TimeWait && event.type != EventType::PortExhausted)
        return;
    Flow& flow = flow_of(event);
    name_flow(flow, event);
    if (event.type == EventType::PortExhausted) {
        flow.no_port.add(now_ns_, times);
        flow.no_port_reason = event.reason;
        flow.no_port_in_minute += times;
        flow.recent_no_port += times;
        return;
    }
    ports_.add(event, times, PortsHeld::no_user, now_ns_);
    name_remote(flow, event);
    flow.entries.add(now_ns_, times);
    span_.add(now_ns_, times);
    flow.in_minute += times;
    flow.recent_entries += times;
    flow.total += times;
    flow.fin_wait2 += event.stage == Stage::FinWait2 ? times : 0;
    flow.how[static_cast<std::size_t>(event.how)] += times;
    flow.role_inferred = event.role_inferred;
    if (now_ns_ - flow.halved_ns >= minute_ns) {
        flow.lifetimes.halve();
        flow.halved_ns = now_ns_;
    }
    if (const auto lifetime = event.lifetime_us())
        flow.lifetimes.add(*lifetime);
    if (times == 1)
        keep_recent(flow, event);
}

void Flows::age(std::uint64_t now_ns) {
    now_ns_ = std::max(now_ns_, now_ns);
    ports_.move_to(now_ns_);
    span_.choose(now_ns_);
    for (auto at = flows_.begin(); at != flows_.end();) {
        Flow& flow = at->second;
        flow.move_to(now_ns_, span_.seconds());
        const bool silent = flow.in_minute == 0 && flow.no_port_in_minute == 0;
        at = silent ? flows_.erase(at) : std::next(at);
    }
}

} // namespace twtrace
