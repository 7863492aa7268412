#include "aggregate/destinations.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace twtrace {

namespace {

// No forecast below this: it would be computed for thousands of peers.
constexpr double min_use_to_forecast = 0.2;
constexpr std::size_t max_forecasts = 8;
// The maximum age of the failures in Flow::recent_no_port.
constexpr std::uint64_t recent_no_port_ns = 10'000'000'000;

const PortRules& rules_of(const RulesByNetns& rules, std::uint32_t netns) {
    static const PortRules unknown;
    const auto found = rules.find(netns);
    return found == rules.end() ? unknown : found->second;
}

// The same decision as tcp_twsk_unique() (net/ipv4/tcp_ipv4.c). A rate that fills all ports within
// that time is too high even with reuse.
bool is_reused(const Destination& destination, const PortRules& rules) {
    const auto after = rules.reuse_after(destination.key.local, destination.key.remote);
    const bool has_timestamps = 2 * destination.ports.without_timestamps <= destination.ports.taken;
    return after && has_timestamps && destination.rate * *after < 0.8 * rules.usable;
}

FlowKey key_of(const HeldKey& held) {
    FlowKey key;
    key.netns = held.netns;
    key.role = Role::Client;
    key.service_port = held.port;
    key.local = held.local;
    key.remote = held.remote;
    return key;
}

} // namespace

std::optional<double> full_in_s(const std::array<double, 60>& entered, double rate,
                                double capacity) {
    double held = std::accumulate(entered.begin(), entered.end(), 0.0);
    if (held >= capacity)
        return 0;
    for (std::size_t second = 0; second < entered.size(); ++second) {
        const double leaving = entered[entered.size() - 1 - second];
        const double rise = rate - leaving;
        if (held + rise >= capacity)
            return static_cast<double>(second) + (capacity - held) / rise;
        held += rise;
    }
    return std::nullopt; // from here on as many entries leave as enter
}

FlowKey Destinations::key_of(const FlowKey& flow) {
    FlowKey key = flow;
    key.pid = 0;
    key.instance = 0;
    return key;
}

Destinations::Destinations(const Flows& flows, const RulesByNetns& rules) {
    all_.reserve(flows.all().size());
    add_flows(flows);
    count_ports(flows, rules);
    for (auto& [key, destination] : all_) {
        destination.key = key;
        const PortRules& known = rules_of(rules, key.netns);
        if (known.usable > 0)
            destination.use = std::min(1.0, destination.ports.taken / known.usable);
        destination.reused = is_reused(destination, known);
    }
    forecast(flows, rules);
}

void Destinations::add_flows(const Flows& flows) {
    const double covered_s = flows.covered_s();
    for (const auto& [key, flow] : flows.all()) {
        if (key.role != Role::Client)
            continue;
        Destination& destination = all_[key_of(key)];
        const double rate = flow.rate(covered_s);
        destination.rate += rate;
        destination.no_port += flow.recent_no_port;
        destination.range_used_up =
            destination.range_used_up ||
            (flow.recent_no_port > 0 && flow.no_port_reason == Reason::None);
        // A flow that finds no free port contributes too.
        const double weight = rate + static_cast<double>(flow.recent_no_port);
        if (destination.main_flow == nullptr || weight > destination.main_weight) {
            destination.main_flow = &flow;
            destination.main_weight = weight;
        }
    }
}

void Destinations::count_ports(const Flows& flows, const RulesByNetns& rules) {
    const std::uint64_t now_ns = flows.now_ns();
    flows.ports().each_table([&](const HeldKey& key, const PortTable& table) {
        const PortRules& known = rules_of(rules, key.netns);
        PortCount count = table.count(now_ns, known, key.local, key.remote);
        if (count.taken <= 0)
            return;
        Destination& destination = all_[twtrace::key_of(key)];
        // A port that was old enough when connect() failed and was not taken over had no
        // timestamps. One port may be left out of every search (__inet_hash_connect(), an odd
        // range).
        const std::uint64_t then_ns = now_ns - std::min(now_ns, recent_no_port_ns);
        if (destination.range_used_up &&
            table.count(then_ns, known, key.local, key.remote).reusable > 1) {
            count.without_timestamps += count.reusable;
            count.reusable = 0;
        }
        destination.ports = count;
    });
}

void Destinations::forecast(const Flows& flows, const RulesByNetns& rules) {
    std::unordered_map<FlowKey, Destination*, FlowKeyHash> wanted;
    for (const Destination* one : worst(max_forecasts))
        if (one->use.value_or(0) >= min_use_to_forecast && !one->reused)
            wanted[one->key] = &all_[one->key];
    flows.ports().each_table([&](const HeldKey& key, const PortTable& table) {
        const auto found = wanted.find(twtrace::key_of(key));
        if (found == wanted.end())
            return;
        Destination& one = *found->second;
        one.used_up_in_s =
            full_in_s(table.by_age(flows.now_ns()), one.rate, rules_of(rules, key.netns).usable);
    });
}

const Destination* Destinations::find(const FlowKey& flow) const {
    if (flow.role != Role::Client)
        return nullptr;
    const auto found = all_.find(key_of(flow));
    return found == all_.end() ? nullptr : &found->second;
}

std::vector<const Destination*> Destinations::worst(std::size_t limit) const {
    std::vector<const Destination*> sorted;
    sorted.reserve(all_.size());
    for (const auto& [key, destination] : all_)
        sorted.push_back(&destination);
    const auto rank = [](const Destination& one) {
        const double use = one.use.value_or(0);
        return std::make_tuple(one.no_port, use >= 0.5 && !one.reused, use, one.ports.taken);
    };
    const std::size_t kept = std::min(limit, sorted.size());
    std::partial_sort(
        sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(kept), sorted.end(),
        [&](const Destination* a, const Destination* b) { return rank(*a) > rank(*b); });
    sorted.resize(kept);
    return sorted;
}

} // namespace twtrace
