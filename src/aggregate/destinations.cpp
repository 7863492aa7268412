#include "aggregate/destinations.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace twtrace {

namespace {

// Below this nobody waits for a forecast: it would be made for thousands of peers.
constexpr double worth_a_forecast = 0.2;
constexpr std::size_t forecasts = 8;

const PortRules& rules_of(const RulesByNetns& rules, std::uint32_t netns) {
    static const PortRules unknown;
    const auto found = rules.find(netns);
    return found == rules.end() ? unknown : found->second;
}

// As tcp_twsk_unique() (net/ipv4/tcp_ipv4.c) decides; a rate that fills all ports within that time
// is too much all the same.
bool is_reused(const Destination& destination, const PortRules& rules) {
    const auto after = rules.reuse_after(destination.key.local, destination.key.remote);
    return after && destination.rate * *after < 0.8 * rules.usable;
}

std::array<double, 60> entered_by_second(const Destination& destination, const Flows& flows,
                                         const Inherited& inherited, const NetnsScales& scales) {
    std::array<double, 60> entered{};
    const double scale = scale_of(scales, destination.key.netns);
    for (const auto& [key, flow] : flows.all())
        if (key.role == Role::Client && Destinations::key_of(key) == destination.key)
            for (std::size_t ago = 0; ago < entered.size(); ++ago)
                entered[ago] += flow.entries.ago(ago) * scale;
    const auto older = inherited.ends().find(destination.key);
    const std::uint64_t passed = inherited.passed_s(flows.now_ns());
    if (older != inherited.ends().end())
        for (std::uint64_t left = passed; left < 60; ++left)
            entered[59 - (left - passed)] += older->second[left] * scale;
    return entered;
}

} // namespace

std::optional<double> full_in_s(const std::array<double, 60>& entered, double rate, double room) {
    double held = std::accumulate(entered.begin(), entered.end(), 0.0);
    if (held >= room)
        return 0;
    for (std::size_t second = 0; second < entered.size(); ++second) {
        const double leaving = entered[entered.size() - 1 - second];
        const double rise = rate - leaving;
        if (held + rise >= room)
            return static_cast<double>(second) + (room - held) / rise;
        held += rise;
    }
    return std::nullopt; // from here on as many leave as enter
}

FlowKey Destinations::key_of(const FlowKey& flow) {
    FlowKey key = flow;
    key.pid = 0;
    key.instance = 0;
    return key;
}

Destinations::Destinations(const Flows& flows, const Inherited& inherited,
                           const NetnsScales& scales, const RulesByNetns& rules) {
    const double covered_s = flows.covered_s();
    all_.reserve(flows.all().size());
    for (const auto& [key, flow] : flows.all()) {
        if (key.role != Role::Client)
            continue;
        Destination& destination = all_[key_of(key)];
        const double rate = flow.rate(covered_s);
        destination.taken += static_cast<double>(flow.in_minute) * scale_of(scales, key.netns);
        destination.rate += rate;
        destination.no_port += flow.no_port_lately;
        // Who finds no port is to blame as well.
        const double weight = rate + static_cast<double>(flow.no_port_lately);
        if (destination.mainly == nullptr || weight > destination.mainly_weight) {
            destination.mainly = &flow;
            destination.mainly_weight = weight;
        }
    }
    const std::uint64_t passed = inherited.passed_s(flows.now_ns());
    for (const auto& [key, ends] : inherited.ends())
        if (const std::uint64_t left = Inherited::left(ends, passed); left > 0)
            all_[key].taken += static_cast<double>(left) * scale_of(scales, key.netns);
    for (auto& [key, destination] : all_) {
        destination.key = key;
        const PortRules& known = rules_of(rules, key.netns);
        if (known.usable > 0)
            destination.use = std::min(1.0, destination.taken / known.usable);
        destination.reused = is_reused(destination, known);
    }
    for (const Destination* one : worst(forecasts))
        if (one->use.value_or(0) >= worth_a_forecast && !one->reused)
            all_[one->key].used_up_in_s =
                full_in_s(entered_by_second(*one, flows, inherited, scales), one->rate,
                          rules_of(rules, one->key.netns).usable);
}

const Destination* Destinations::find(const FlowKey& flow) const {
    if (flow.role != Role::Client)
        return nullptr;
    const auto found = all_.find(key_of(flow));
    return found == all_.end() ? nullptr : &found->second;
}

std::vector<const Destination*> Destinations::worst(std::size_t most) const {
    std::vector<const Destination*> sorted;
    sorted.reserve(all_.size());
    for (const auto& [key, destination] : all_)
        sorted.push_back(&destination);
    const auto rank = [](const Destination& one) {
        const double use = one.use.value_or(0);
        return std::make_tuple(one.no_port, use >= 0.5 && !one.reused, use, one.taken);
    };
    const std::size_t kept = std::min(most, sorted.size());
    std::partial_sort(
        sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(kept), sorted.end(),
        [&](const Destination* a, const Destination* b) { return rank(*a) > rank(*b); });
    sorted.resize(kept);
    return sorted;
}

} // namespace twtrace
