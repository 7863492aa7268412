// How many hand-overs the kernel itself counted between start and end, over all the network
// namespaces that were seen.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "account/boundary.h"
#include "account/net_files.h"
#include "account/tcp_counters.h"

namespace twtrace {

/// For each network namespace (inode) the times of its hand-overs, CLOCK_MONOTONIC.
using EventTimes = std::unordered_map<std::uint32_t, std::vector<std::uint64_t>>;
/// For each network namespace the moment at which its counters were read.
using Cuts = std::unordered_map<std::uint32_t, std::uint64_t>;

/// Keeps each namespace's netstat file open: that file belongs to the namespace for good, whatever
/// becomes of the process through which it was found, and can still be read when the last process
/// is gone. It also keeps the namespace itself, so refresh() lets go of it within a second.
class KernelCounts {
  public:
    /// only: the namespaces to look at; empty: all.
    explicit KernelCounts(CountedAt counted_at, std::vector<std::uint32_t> only = {})
        : counted_at_(counted_at), only_(std::move(only)) {}

    /// Samples the counters that everything is compared with; settle_start() then picks among the
    /// samples, once the events of that time are known, and says where each namespace's run begins:
    /// events at or before it are out.
    void sample_start();
    Cuts settle_start(const EventTimes& times);
    /// When the last sampling began and ended, CLOCK_MONOTONIC.
    [[nodiscard]] std::uint64_t sampled_from_ns() const { return sampled_from_ns_; }
    [[nodiscard]] std::uint64_t sampled_until_ns() const { return sampled_until_ns_; }
    /// The same at the end: events after the cut are out.
    void sample_end();
    Cuts settle_end(const EventTimes& times);

    /// A hand-over happened there. A namespace that was not known is looked for at the next
    /// refresh(), and counts from zero.
    void notice(std::uint32_t netns) {
        if (netns == noticed_)
            return;
        const auto known = states_.find(netns);
        if (known == states_.end())
            unknown_[netns] += 1;
        else if (!known->second.files)
            known->second.unchecked += 1;
        else
            noticed_ = netns;
    }
    [[nodiscard]] bool has_unknown() const { return !unknown_.empty(); }
    /// Follows namespaces as they come (looking for them costs a walk over /proc) and go.
    void refresh(bool look_for_new);

    /// Reads the counters as they are now; sum() is then up to now.
    void read();

    struct Sum {
        std::uint64_t entered = 0;  ///< rise of TW + TWKilled
        std::uint64_t overflow = 0; ///< rise of TCPTimeWaitOverflow
        std::uint64_t namespaces = 0;
        std::uint64_t vanished =
            0; ///< namespaces with hand-overs that no counter could be read for
        std::uint64_t unchecked = 0; ///< events from these
        std::uint64_t ambiguous = 0; ///< events that may fall on either side of start or end
    };
    [[nodiscard]] Sum sum() const;
    [[nodiscard]] CountedAt counted_at() const { return counted_at_; }

  private:
    struct State {
        NetFiles files;    // none: ended, the last values are final
        NamespaceFile way; // into it
        TcpCounters base;
        TcpCounters last;
        std::uint64_t carried = 0; // of earlier namespaces with this inode
        std::uint64_t carried_overflow = 0;
        std::vector<CounterSample> samples;
        std::uint64_t ambiguous = 0;
        bool ending = false;         // its way was gone at the last refresh
        std::uint64_t unchecked = 0; // hand-overs that no counter of ours covers
    };
    [[nodiscard]] bool wanted(std::uint32_t netns) const;
    void add_new();
    void sample_all();
    void open_new(const NamespaceFile& way, NetFiles files);
    void let_go_of_ended();
    Cuts settle(const EventTimes& times, TcpCounters State::*target);

    CountedAt counted_at_;
    std::vector<std::uint32_t> only_;
    std::map<std::uint32_t, State> states_;
    std::map<std::uint32_t, std::uint64_t> unknown_; // and how many hand-overs there
    std::uint32_t noticed_ = 0;
    std::uint64_t sampled_from_ns_ = 0;
    std::uint64_t sampled_until_ns_ = 0;
};

} // namespace twtrace
