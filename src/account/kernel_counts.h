// How many hand-overs the kernel itself counted between start and end, over all the network
// namespaces that were seen.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "account/boundary.h"
#include "account/end_watch.h"
#include "account/net_files.h"
#include "account/tcp_counters.h"
#include "account/unverified.h"

namespace twtrace {

/// For each network namespace (inode) the times of its hand-overs, CLOCK_MONOTONIC.
using EventTimes = std::unordered_map<std::uint32_t, std::vector<std::uint64_t>>;
/// For each network namespace the moment at which its counters were read.
using Cuts = std::unordered_map<std::uint32_t, std::uint64_t>;

/// Keeps each namespace's netstat file open: that file belongs to the namespace for good, whatever
/// becomes of the process through which it was found, and can still be read when the last process
/// is gone. It also keeps the namespace itself and its devices, so release_ended() lets go of it
/// 100 ms after its end.
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
    void notice(std::uint32_t netns, std::uint64_t time_ns) {
        if (netns == noticed_)
            return;
        if (const auto known = states_.find(netns); known != states_.end()) {
            if (time_ns < known->second.opened_ns)
                known->second.early += 1;
            else
                noticed_ = netns;
            return;
        }
        Unknown& unknown = unknown_[netns];
        unknown.events += 1;
        has_unknown_ = has_unknown_ || !unknown.tried;
    }
    /// A hand-over that was noticed there was none.
    void take_back(std::uint32_t netns) {
        const auto found = unknown_.find(netns);
        if (found != unknown_.end() && found->second.events > 0)
            found->second.events -= 1;
    }
    /// A namespace waits to be looked for.
    [[nodiscard]] bool has_unknown() const { return has_unknown_; }
    /// Follows namespaces as they come (looking for them costs a walk over /proc) and go.
    /// every_second: tries again those that could not be opened and had hand-overs since.
    void refresh(bool every_second);

    /// Becomes readable when a namespace may have ended: then note_ends() is to be called.
    [[nodiscard]] int ends_fd() const { return watch_.fd(); }
    void note_ends();
    /// When release_ended() has something to do (CLOCK_MONOTONIC); nothing: not before another end.
    [[nodiscard]] std::optional<std::uint64_t> release_due_ns() const;
    /// Lets go of namespaces that ended 100 ms ago: their orphaned sockets had time to close.
    void release_ended();

    /// Reads the counters as they are now; sum() is then up to now.
    void read();

    struct Sum {
        std::uint64_t entered = 0;  ///< rise of TW + TWKilled
        std::uint64_t overflow = 0; ///< rise of TCPTimeWaitOverflow
        std::uint64_t namespaces = 0;
        /// Hand-overs in namespaces whose counters could not be read: not in `entered`.
        Unverified unverified;
        std::uint64_t ambiguous = 0; ///< events that may fall on either side of start or end
    };
    [[nodiscard]] Sum sum() const;
    [[nodiscard]] CountedAt counted_at() const { return counted_at_; }

  private:
    struct State {
        NetFiles files;
        NamespaceFile way; // into it
        TcpCounters base;
        TcpCounters last;
        std::vector<CounterSample> samples;
        std::uint64_t ambiguous = 0;
        std::uint64_t opened_ns = 0; // CLOCK_MONOTONIC; 0: before the run
        std::uint64_t counted_when_opened = 0;
        std::uint64_t early = 0;    // hand-overs noticed with this inode from before opened_ns
        std::uint64_t ended_ns = 0; // its way was found gone then; 0: it is there
    };
    struct Unknown {
        std::uint64_t events = 0;
        std::uint64_t events_when_tried = 0;
        bool tried = false; // since the last full second
        Unreadable why = Unreadable::Ended;
    };
    [[nodiscard]] bool wanted(std::uint32_t netns) const;
    void add_new();
    void sample_all();
    void open_new(const NamespaceFile& way, NetFiles files);
    void keep_trying();
    void mark_ended();
    void use_way(State& state, const NamespaceFile& way);
    void add_to_sum(const State& state, Sum& sum) const;
    Cuts settle(const EventTimes& times, TcpCounters State::*target);

    CountedAt counted_at_;
    std::vector<std::uint32_t> only_;
    std::map<std::uint32_t, State> states_;
    EndWatch watch_;
    std::map<std::uint32_t, Unknown> unknown_;
    bool has_unknown_ = false;
    Sum ended_;                 // of namespaces that ended, and what was in none that could be read
    std::uint32_t noticed_ = 0; // in states_
    std::uint64_t sampled_from_ns_ = 0;
    std::uint64_t sampled_until_ns_ = 0;
};

} // namespace twtrace
