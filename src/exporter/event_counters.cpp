#include "exporter/event_counters.h"

namespace twtrace {

void EventCounters::add(const Event& event, std::uint64_t times, std::uint64_t now_ns) {
    const std::lock_guard lock(mutex_);
    const std::uint32_t id = services_.add(event, times, now_ns);
    ports_.add(event, times, id, now_ns);
}

void EventCounters::add(const Accounting& accounting, std::uint64_t overflow) {
    const std::lock_guard lock(mutex_);
    losses_.add(accounting, overflow);
}

void EventCounters::rank(std::uint64_t now_ns) {
    const std::lock_guard lock(mutex_);
    services_.rank(now_ns);
    ports_.move_to(now_ns);
}

void EventCounters::set_rules(const RulesByNetns& rules) {
    const std::lock_guard lock(mutex_);
    ports_.set_rules(rules, default_port_rules());
}

Observed EventCounters::copy(std::uint64_t now_ns) const {
    Observed observed;
    const std::lock_guard lock(mutex_);
    services_.each([&](const ServiceKey& key, const ServiceTable::Row& row) {
        observed.services.emplace_back(key, row);
    });
    ports_.each(
        [&](const HeldKey& key, const PortCount& count, const auto& users) {
            ObservedPeer peer{key, count, std::string(ports_.service_at(key)), {}};
            peer.services.assign(users.begin(), users.end());
            observed.peers.push_back(std::move(peer));
        },
        now_ns);
    observed.losses = losses_;
    return observed;
}

} // namespace twtrace
