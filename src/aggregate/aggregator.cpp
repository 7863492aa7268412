#include "aggregate/aggregator.h"

#include <algorithm>
#include <tuple>

namespace twtrace {

namespace {

void merge_identity(Group& group, const Event& event) {
    static const Owner nobody;
    const Owner& owner = event.owner != nullptr ? *event.owner : nobody;
    group.pid.merge(event.task.pid);
    group.comm.merge(event.task.comm());
    group.service.merge(owner.service.empty() ? event.task.comm()
                                              : std::string_view(owner.service));
    group.unit.merge(owner.unit);
    group.container.merge(owner.container);
    group.netns.merge(event.netns);
    group.role.merge(event.role);
}

} // namespace

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
    }
}

void Counts::retract(std::uint64_t times) {
    time_wait -= std::min(time_wait, times);
    fin_wait2 -= std::min(fin_wait2, times);
}

Group& Aggregator::group_of(const Event& event) {
    make_key(by_, event, scratch_);
    const auto found = groups_.find(scratch_);
    if (found != groups_.end())
        return found->second;
    if (groups_.size() < limits_.groups)
        return groups_[scratch_];
    other_.is_other = true;
    return other_;
}

void Aggregator::count_peer(Group& group, const Event& event, std::uint64_t times) {
    const PeerKey key{event.remote, event.service_port(), event.role == Role::Client};
    const auto found = group.peers.find(key);
    if (found != group.peers.end()) {
        found->second.time_wait += times;
    } else if (peers_ < limits_.peers) {
        ++peers_;
        group.peers[key].time_wait += times;
    } else {
        group.other_peers += times;
    }
}

void Aggregator::add(const Event& event, std::uint64_t times) {
    Group& group = group_of(event);
    merge_identity(group, event);
    if (event.retracts) {
        // The time-wait is already in the sums: the reset came later than settling waits for.
        totals_.retract(times);
        group.counts.retract(times);
        auto& how = group.how[static_cast<std::size_t>(event.how)];
        how -= std::min(how, times);
    }
    totals_.add(event.type, event.stage, times);
    group.counts.add(event.type, event.stage, times);
    if (event.type != EventType::TimeWait)
        return;
    group.how[static_cast<std::size_t>(event.how)] += times;
    if (const auto lifetime = event.lifetime_us()) {
        if (!group.lifetime_us)
            group.lifetime_us = std::make_unique<Histogram>();
        group.lifetime_us->add(*lifetime);
    }
    count_peer(group, event, times);
}

std::vector<const Group*> Aggregator::groups() const {
    std::vector<const Group*> sorted;
    sorted.reserve(groups_.size() + 1);
    for (const auto& [key, group] : groups_)
        sorted.push_back(&group);
    const auto rank = [](const Group* group) {
        return std::tuple(group->counts.time_wait, group->counts.passive_close,
                          group->counts.aborted, group->counts.port_exhausted,
                          group->pid.get() != nullptr ? *group->pid.get() : 0U);
    };
    std::sort(sorted.begin(), sorted.end(),
              [&](const Group* a, const Group* b) { return rank(a) > rank(b); });
    if (other_.is_other)
        sorted.push_back(&other_);
    return sorted;
}

} // namespace twtrace
