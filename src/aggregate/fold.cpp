#include "aggregate/fold.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace twtrace {

namespace {

// As of Common: empty where the values differed, or where they are not known.
template <typename Value>
Value shared(const Common<Value>& common) {
    const Value* value = common.get();
    return value != nullptr ? *value : Value{};
}

using Name = std::tuple<std::string, std::string, std::string, std::string, std::string,
                        std::uint32_t, Role>;

Name name_of(const Group& group) {
    return {shared(group.service), shared(group.comm),  shared(group.unit), shared(group.container),
            shared(group.parent),  shared(group.netns), shared(group.role)};
}

bool may_be_folded(const Group& group) {
    const Counts& counts = group.counts;
    return !group.is_other && shared(group.pid) != 0 && !shared(group.service).empty() &&
           counts.time_wait + counts.aborted + counts.passive_close + counts.port_exhausted <=
               fold_closes;
}

auto rank(const Group& group) {
    return std::tie(group.counts.time_wait, group.counts.port_exhausted, group.counts.passive_close,
                    group.counts.aborted);
}

} // namespace

FoldedGroups::FoldedGroups(const std::vector<const Group*>& groups) {
    std::map<Name, std::vector<const Group*>> by_name;
    for (const Group* group : groups)
        if (may_be_folded(*group))
            by_name[name_of(*group)].push_back(group);
    for (const Group* group : groups) {
        const auto found = may_be_folded(*group) ? by_name.find(name_of(*group)) : by_name.end();
        if (found == by_name.end() || found->second.size() < fold_processes)
            rows_.push_back({group, 1});
        else if (found->second.front() == group)
            fold(found->second);
    }
    std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
        return std::make_pair(!a.group->is_other, rank(*a.group)) >
               std::make_pair(!b.group->is_other, rank(*b.group));
    });
}

void FoldedGroups::fold(const std::vector<const Group*>& members) {
    Group& sum = made_.emplace_back();
    for (const Group* member : members) {
        sum.absorb(*member);
        for (const auto& [key, count] : member->peers) {
            PeerCount& peer = sum.peers[key];
            peer.time_wait += count.time_wait;
            peer.service = count.service != nullptr ? count.service : peer.service;
            peer.name = count.name != nullptr ? count.name : peer.name;
        }
    }
    rows_.push_back({&sum, members.size()});
}

} // namespace twtrace
