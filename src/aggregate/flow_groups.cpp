#include "aggregate/flow_groups.h"

#include <functional>
#include <utility>

#include "aggregate/fold.h"
#include "util/hash.h"

namespace twtrace {

namespace {

void make_key(GroupBy by, const Flow& flow, GroupKey& key) {
    key = {};
    key.role = flow.key.role;
    switch (by) {
    case GroupBy::Process:
        key.number = flow.key.pid;
        key.instance = flow.key.instance;
        return;
    case GroupBy::Service:
        key.name = flow.service;
        return;
    case GroupBy::Container:
        key.name = flow.container;
        return;
    case GroupBy::Peer:
        key.number = flow.key.service_port;
        key.address = flow.key.remote;
        return;
    case GroupBy::Listener:
        if (flow.key.role == Role::Server) {
            key.number = flow.key.service_port;
            key.instance = flow.key.netns;
        }
        return;
    case GroupBy::Netns:
        key.number = flow.key.netns;
        key.role = Role::Unknown;
        return;
    }
}

} // namespace

std::unordered_map<std::uint32_t, std::uint64_t> entries_by_netns(const Flows& flows) {
    std::unordered_map<std::uint32_t, std::uint64_t> entries;
    for (const auto& [key, flow] : flows.all())
        entries[key.netns] += flow.in_minute;
    return entries;
}

double scale_of(const NetnsScales& scales, std::uint32_t netns) {
    const auto found = scales.find(netns);
    return found == scales.end() ? 1.0 : found->second;
}

namespace {

bool may_be_folded(const FlowGroup& group) {
    return group.key.number != 0 && !group.flows.front()->service.empty() &&
           group.entries + group.no_port <= fold_closes;
}

// The key that the members share; it is the group's key if there are enough of them.
GroupKey folded_key(const FlowGroup& group) {
    const Flow& flow = *group.flows.front();
    GroupKey key;
    key.role = flow.key.role;
    key.name = flow.service;
    key.instance = mix(std::hash<std::string>{}(flow.parent), flow.key.netns);
    return key;
}

void take_over(FlowGroup& sum, const FlowGroup& group) {
    sum.flows.insert(sum.flows.end(), group.flows.begin(), group.flows.end());
    sum.entries += group.entries;
    sum.no_port += group.no_port;
    sum.rate += group.rate;
    sum.present += group.present;
}

std::vector<FlowGroup> folded(std::vector<FlowGroup> groups) {
    std::unordered_map<GroupKey, std::uint64_t, GroupKeyHash> processes;
    for (const FlowGroup& group : groups)
        if (may_be_folded(group))
            ++processes[folded_key(group)];
    std::vector<FlowGroup> result;
    std::unordered_map<GroupKey, std::size_t, GroupKeyHash> places;
    for (FlowGroup& group : groups) {
        const auto found =
            may_be_folded(group) ? processes.find(folded_key(group)) : processes.end();
        if (found == processes.end() || found->second < fold_processes) {
            result.push_back(std::move(group));
            continue;
        }
        const auto [place, is_new] = places.try_emplace(found->first, result.size());
        if (is_new) {
            result.push_back(std::move(group));
            result.back().key = found->first;
            result.back().processes = found->second;
        } else {
            take_over(result[place->second], group);
        }
    }
    return result;
}

} // namespace

std::vector<FlowGroup> groups_of(const Flows& flows, GroupBy by, const NetnsScales& scales) {
    std::vector<FlowGroup> groups;
    std::unordered_map<GroupKey, std::size_t, GroupKeyHash> places;
    groups.reserve(flows.all().size());
    places.reserve(flows.all().size());
    GroupKey wanted;
    const double covered_s = flows.covered_s();
    for (const auto& [key, flow] : flows.all()) {
        make_key(by, flow, wanted);
        const auto [place, is_new] = places.try_emplace(wanted, groups.size());
        if (is_new)
            groups.emplace_back().key = wanted;
        FlowGroup& group = groups[place->second];
        group.flows.push_back(&flow);
        group.entries += flow.in_minute;
        group.no_port += flow.no_port_in_minute;
        group.rate += flow.rate(covered_s);
        group.present += static_cast<double>(flow.in_minute) * scale_of(scales, key.netns);
    }
    return by == GroupBy::Process ? folded(std::move(groups)) : groups;
}

std::array<std::uint64_t, 60> by_second(const FlowGroup& group) {
    std::array<std::uint64_t, 60> seconds{};
    for (const Flow* flow : group.flows)
        for (std::size_t ago = 0; ago < seconds.size(); ++ago)
            seconds[ago] += flow->entries.ago(ago);
    return seconds;
}

LifetimeSums lifetimes_of(const FlowGroup& group) {
    LifetimeSums sums{};
    for (const Flow* flow : group.flows)
        flow->lifetimes.add_to(sums);
    return sums;
}

} // namespace twtrace
