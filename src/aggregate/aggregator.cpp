#include "aggregate/aggregator.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace twtrace {

namespace {

// Threads have names of their own. A process is named after its main thread, or else after the
// first thread that was seen.
void name_process(Group& group, const Event& event, std::string_view service) {
    if (!group.service.seen() || event.task.tid == event.task.pid)
        group.service.set(service);
}

// A process that is gone has no arguments any more, which does not count as a difference.
void merge_known(Common<std::string>& common, std::string_view value) {
    if (!value.empty())
        common.merge(value);
}

void merge_owner(Group& group, const Owner& owner) {
    if (owner.id != 0 && owner.id == group.merged_owner)
        return;
    group.merged_owner = owner.id;
    merge_known(group.process, owner.process);
    group.unit.merge(owner.unit);
    group.container.merge(owner.container);
    group.container_name.merge(owner.container_name);
    group.pod.merge(owner.pod);
    group.pod_namespace.merge(owner.pod_namespace);
    group.workload.merge(owner.workload);
    merge_known(group.parent, owner.parent);
    merge_known(group.cmdline, owner.cmdline);
    merge_known(group.program, owner.program);
}

void merge_identity(Group& group, const Event& event, GroupBy by) {
    static const Owner no_owner;
    const Owner& owner = event.owner != nullptr ? *event.owner : no_owner;
    group.pid.merge(event.task.pid);
    group.comm.merge(event.task.comm());
    const std::string_view service =
        owner.service.empty() ? event.task.comm() : std::string_view(owner.service);
    if (by == GroupBy::Process && !group.is_other)
        name_process(group, event, service);
    else
        group.service.merge(service);
    merge_owner(group, owner);
    group.netns.merge(event.netns);
    merge_known(group.netns_name, event.netns_name);
    group.role.merge(event.role);
    if (event.remote.family != 0)
        group.remote.merge(event.remote);
    group.service_port.merge(event.service_port());
}

} // namespace

Group& Aggregator::group_of(const Event& event) {
    make_key(by_, event, scratch_);
    return group_in(scratch_);
}

Group& Aggregator::group_in(const GroupKey& key) {
    const auto found = groups_.find(key);
    if (found != groups_.end())
        return found->second;
    if (groups_.size() >= limits_.groups)
        evict_groups();
    if (groups_.size() < limits_.groups)
        return groups_[key];
    other_.is_other = true;
    return other_;
}

// Evicts an eighth of the groups at a time, so that a burst of groups of one event compares each
// with eight others. Late groups find a free entry, and growing groups keep theirs.
void Aggregator::evict_groups() {
    std::vector<Groups::const_iterator> all;
    all.reserve(groups_.size());
    for (auto at = groups_.cbegin(); at != groups_.cend(); ++at)
        all.push_back(at);
    const auto weight = [](const Group& group) {
        const Counts& counts = group.counts;
        return counts.time_wait + counts.aborted + counts.passive_close + counts.port_exhausted;
    };
    if (all.empty())
        return;
    const auto victims = all.begin() + static_cast<std::ptrdiff_t>((all.size() + 7) / 8);
    std::nth_element(all.begin(), victims - 1, all.end(), [&](const auto& a, const auto& b) {
        return std::pair(weight(a->second), a->second.last_add) <
               std::pair(weight(b->second), b->second.last_add);
    });
    for (auto victim = all.begin(); victim != victims; ++victim)
        merge_into_other(*victim);
}

void Aggregator::merge_into_other(Groups::const_iterator victim) {
    const Group& group = victim->second;
    other_.is_other = true;
    other_.absorb(group);
    for (const auto& [key, count] : group.peers) {
        PeerCount& sum = other_.peers[key];
        peers_ -= sum.last_add != 0 ? 1 : 0; // both of them had an entry
        sum.time_wait += count.time_wait;
        sum.last_add = std::max(sum.last_add, count.last_add);
        sum.service = count.service != nullptr ? count.service : sum.service;
        sum.name = count.name != nullptr ? count.name : sum.name;
    }
    groups_.erase(victim);
}

void Aggregator::evict_peers() {
    struct Entry {
        std::pair<std::uint64_t, std::uint64_t> rank;
        Group* group;
        PeerKey key;
    };
    std::vector<Entry> all;
    all.reserve(peers_);
    const auto list = [&](Group& group) {
        for (const auto& [key, count] : group.peers)
            all.push_back({{count.time_wait, count.last_add}, &group, key});
    };
    for (auto& entry : groups_)
        list(entry.second);
    list(other_);
    if (all.empty())
        return;
    const auto victims = all.begin() + static_cast<std::ptrdiff_t>((all.size() + 7) / 8);
    std::nth_element(all.begin(), victims - 1, all.end(),
                     [](const Entry& a, const Entry& b) { return a.rank < b.rank; });
    for (auto victim = all.begin(); victim != victims; ++victim) {
        victim->group->peers.erase(victim->key);
        victim->group->other_peers += victim->rank.first;
    }
    peers_ = all.size() - static_cast<std::size_t>(victims - all.begin());
}

void Aggregator::count_peer(Group& group, const Event& event, std::uint64_t times) {
    const PeerKey key{event.remote, event.service_port(), event.role == Role::Client};
    auto found = group.peers.find(key);
    if (found == group.peers.end()) {
        if (peers_ >= limits_.peers)
            evict_peers();
        if (peers_ >= limits_.peers) {
            group.other_peers += times;
            return;
        }
        ++peers_;
        found = group.peers.try_emplace(key).first;
    }
    found.value().time_wait += times;
    found.value().last_add = adds_;
    name_peer(found.value(), event);
}

// Many peers have the same name: each is kept once.
const std::string* Aggregator::interned(std::string_view name) {
    const auto found = names_.find(name);
    if (found != names_.end())
        return &*found;
    return names_.size() < limits_.peers ? &*names_.emplace(name).first : nullptr;
}

void Aggregator::name_peer(PeerCount& peer, const Event& event) {
    if (!event.remote_service.empty() &&
        (peer.service == nullptr || *peer.service != event.remote_service))
        peer.service = interned(event.remote_service);
    if (!event.remote_name.empty() && (peer.name == nullptr || *peer.name != event.remote_name))
        peer.name = interned(event.remote_name);
}

void Aggregator::forget_peer(Group& group, const Event& event, std::uint64_t times) {
    const auto found =
        group.peers.find({event.remote, event.service_port(), event.role == Role::Client});
    if (found != group.peers.end()) {
        const std::uint64_t here = std::min(found->second.time_wait, times);
        found.value().time_wait -= here;
        times -= here;
        if (found->second.time_wait == 0) {
            group.peers.erase(found);
            --peers_;
        }
    }
    group.other_peers -= std::min(group.other_peers, times);
}

// The time-wait is already in the sums: its reset came later than the retraction window allows, or
// the ring was full for one of the two. Returns how many were in the sums.
std::uint64_t Aggregator::retract_counted(Group& group, const Event& event, std::uint64_t times) {
    const std::uint64_t counted = std::min(group.counts.fin_wait2, times);
    if (counted == 0)
        return 0;
    totals_.retract(counted);
    group.counts.retract(counted);
    auto& how = group.how[static_cast<std::size_t>(event.how)];
    how -= std::min(how, counted);
    forget_peer(group, event, counted);
    const auto lifetime = event.lifetime_us();
    if (lifetime && group.lifetime_us)
        group.lifetime_us->remove(*lifetime);
    return counted;
}

// The group's count may have moved to `other`.
void Aggregator::retract(Group& group, const Event& event, std::uint64_t times) {
    times -= retract_counted(group, event, times);
    if (&group != &other_)
        times -= retract_counted(other_, event, times);
    group.retracted_early += times;
}

std::uint64_t Aggregator::cancel_retracted(Group& group, std::uint64_t times) {
    const std::uint64_t cancelled = std::min(group.retracted_early, times);
    group.retracted_early -= cancelled;
    return cancelled;
}

// The present minisock may be counted in `other` by now.
void Aggregator::add_to_ends(Group& group, const Event& event) {
    Ends& ends = group.ensure_ends();
    Ends& from = ends.present == 0 && other_.ends ? *other_.ends : ends;
    ends.add(event, from);
    ends_.add(event, ends_);
}

void Aggregator::add_of_minisock(const Event& event) {
    if (!event.held) {
        unseen_ends_ += event.type == EventType::TimeWaitEnd ? 1 : 0;
        return;
    }
    Group& group = group_of(event);
    group.last_add = ++adds_;
    merge_identity(group, event, by_);
    add_to_ends(group, event);
}

void Aggregator::carry_present(const Aggregator& before) {
    const auto carry = [](const Group& from, Group& into) {
        into.absorb_identity(from);
        into.ensure_ends().carry(*from.ends);
    };
    for (const auto& [key, group] : before.groups_)
        if (group.ends && group.ends->present > 0)
            carry(group, group_in(key));
    if (before.other_.ends && before.other_.ends->present > 0) {
        other_.is_other = true;
        carry(before.other_, other_);
    }
    ends_.carry(before.ends_);
}

void Aggregator::add(const Event& event, std::uint64_t times) {
    if (event.of_minisock())
        return add_of_minisock(event);
    Group& group = group_of(event);
    group.last_add = ++adds_;
    merge_identity(group, event, by_);
    if (event.held)
        add_to_ends(group, event);
    if (event.retracts)
        retract(group, event, times);
    if (event.type == EventType::TimeWait && event.stage == Stage::FinWait2) {
        times -= cancel_retracted(group, times);
        times -= cancel_retracted(other_, times);
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
    // Equal groups are sorted by key, so that two runs over the same events print the same.
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
