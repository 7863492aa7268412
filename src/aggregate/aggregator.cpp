#include "aggregate/aggregator.h"

#include <algorithm>
#include <tuple>

namespace twtrace {

namespace {

// Threads have names of their own, and a process is no less known for that: it is called by its
// main thread's, or else by the first that was seen.
void name_process(Group& group, const Event& event, std::string_view service) {
    if (!group.service.seen() || event.task.tid == event.task.pid)
        group.service.set(service);
}

void merge_identity(Group& group, const Event& event, GroupBy by) {
    static const Owner nobody;
    const Owner& owner = event.owner != nullptr ? *event.owner : nobody;
    group.pid.merge(event.task.pid);
    group.comm.merge(event.task.comm());
    const std::string_view service =
        owner.service.empty() ? event.task.comm() : std::string_view(owner.service);
    if (by == GroupBy::Process && !group.is_other)
        name_process(group, event, service);
    else
        group.service.merge(service);
    group.unit.merge(owner.unit);
    group.container.merge(owner.container);
    group.netns.merge(event.netns);
    group.role.merge(event.role);
    if (event.remote.family != 0)
        group.remote.merge(event.remote);
    group.service_port.merge(event.service_port());
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
    time_wait -= times;
    fin_wait2 -= times;
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

void Aggregator::forget_peer(Group& group, const Event& event, std::uint64_t times) {
    const auto found =
        group.peers.find({event.remote, event.service_port(), event.role == Role::Client});
    std::uint64_t& count = found != group.peers.end() ? found->second.time_wait : group.other_peers;
    count -= std::min(count, times);
    if (found != group.peers.end() && count == 0) {
        group.peers.erase(found);
        --peers_;
    }
}

// The time-wait is in the sums already: its reset came later than settling waits for, or one of the
// two found the ring full.
void Aggregator::take_back(Group& group, const Event& event, std::uint64_t times) {
    const std::uint64_t counted = std::min(group.counts.fin_wait2, times);
    group.owed += times - counted;
    totals_.retract(counted);
    group.counts.retract(counted);
    auto& how = group.how[static_cast<std::size_t>(event.how)];
    how -= std::min(how, counted);
    forget_peer(group, event, counted);
    const auto lifetime = event.lifetime_us();
    if (lifetime && group.lifetime_us && counted > 0)
        group.lifetime_us->remove(*lifetime);
}

void Aggregator::add(const Event& event, std::uint64_t times) {
    Group& group = group_of(event);
    merge_identity(group, event, by_);
    if (event.retracts)
        take_back(group, event, times);
    if (event.type == EventType::TimeWait && event.stage == Stage::FinWait2) {
        const std::uint64_t paid = std::min(group.owed, times);
        group.owed -= paid;
        times -= paid;
    }
    if (times == 0)
        return;
    totals_.add(event.type, event.stage, times);
    group.counts.add(event.type, event.stage, times);
    if (event.type != EventType::TimeWait)
        return;
    group.how[static_cast<std::size_t>(event.how)] += times;
    if (const auto lifetime = event.lifetime_us()) {
        if (!group.lifetime_us)
            group.lifetime_us = std::make_unique<Histogram>();
        group.lifetime_us->add(*lifetime, times);
    }
    count_peer(group, event, times);
}

std::vector<const Group*> Aggregator::groups() const {
    std::vector<const std::pair<const GroupKey, Group>*> sorted;
    sorted.reserve(groups_.size());
    for (const auto& entry : groups_)
        sorted.push_back(&entry);
    const auto rank = [](const Group& group) {
        return std::tie(group.counts.time_wait, group.counts.port_exhausted,
                        group.counts.passive_close, group.counts.aborted);
    };
    // Equals by their key: two runs on the same events print the same.
    std::sort(sorted.begin(), sorted.end(), [&](const auto* a, const auto* b) {
        const auto left = rank(a->second);
        const auto right = rank(b->second);
        return left == right ? a->first < b->first : left > right;
    });
    std::vector<const Group*> groups;
    groups.reserve(sorted.size() + 1);
    for (const auto* entry : sorted)
        groups.push_back(&entry->second);
    if (other_.is_other)
        groups.push_back(&other_);
    return groups;
}

} // namespace twtrace
