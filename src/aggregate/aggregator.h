// Events -> groups. Memory is bounded and totals stay exact: when the table is full, its smallest
// groups (of equal ones, the least recently active) are merged into "other". A group that appears
// again is counted from then on. The same applies to peers.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aggregate/group.h"
#include "aggregate/grouping.h"
#include "aggregate/key.h"
#include "model/event.h"

namespace twtrace {

struct AggregateLimits {
    std::size_t groups = 10'000;
    std::size_t peers = 50'000; ///< over all groups
};

class Aggregator {
  public:
    explicit Aggregator(GroupBy by, AggregateLimits limits = {}) : by_(by), limits_(limits) {}

    void add(const Event& event) { add(event, 1); }
    /// times: events that were counted in the kernel because the ring was full. They have no
    /// lifetime and no ports.
    void add(const Event& event, std::uint64_t times);

    [[nodiscard]] GroupBy by() const { return by_; }
    [[nodiscard]] const Counts& totals() const { return totals_; }
    [[nodiscard]] const Ends& ends() const { return ends_; }
    /// Ends of minisocks that existed before the trace, or whose entries were lost.
    [[nodiscard]] std::uint64_t unseen_ends() const { return unseen_ends_; }
    /// Takes over the minisocks that exist at the end of the previous interval.
    void carry_present(const Aggregator& before);
    /// Largest time_wait first; "other" last.
    [[nodiscard]] std::vector<const Group*> groups() const;

  private:
    using Groups = std::unordered_map<GroupKey, Group, GroupKeyHash>;

    Group& group_of(const Event& event);
    Group& group_in(const GroupKey& key);
    void add_to_ends(Group& group, const Event& event);
    void add_of_minisock(const Event& event);
    void evict_groups();
    void merge_into_other(Groups::const_iterator victim);
    void evict_peers();
    void count_peer(Group& group, const Event& event, std::uint64_t times);
    void forget_peer(Group& group, const Event& event, std::uint64_t times);
    std::uint64_t retract_counted(Group& group, const Event& event, std::uint64_t times);
    void retract(Group& group, const Event& event, std::uint64_t times);
    void name_peer(PeerCount& peer, const Event& event);
    const std::string* interned(std::string_view name);
    static std::uint64_t cancel_retracted(Group& group, std::uint64_t times);

    GroupBy by_;
    AggregateLimits limits_;
    GroupKey scratch_;
    Counts totals_;
    Ends ends_;
    std::uint64_t unseen_ends_ = 0;
    std::size_t peers_ = 0;
    std::uint64_t adds_ = 0;
    std::set<std::string, std::less<>> names_; // of peers and of their services
    Groups groups_;
    Group other_;
};

} // namespace twtrace
