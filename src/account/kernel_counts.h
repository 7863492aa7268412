// The number of entries into TIME_WAIT that the kernel itself counted between start and end, over
// all network namespaces that were seen.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "account/boundary.h"
#include "account/end_watch.h"
#include "account/net_files.h"
#include "account/tcp_counters.h"
#include "account/unverified.h"
#include "source/netns_table.h"

namespace twtrace {

/// For each network namespace (inode) the times of its entries, CLOCK_MONOTONIC.
using EventTimes = std::unordered_map<std::uint32_t, std::vector<std::uint64_t>>;
/// For each network namespace the time at which its counters were read.
using CounterTimes = std::unordered_map<std::uint32_t, std::uint64_t>;

/// Keeps each namespace's netstat file open. The file stays bound to its namespace and readable
/// even after the process through which it was opened, or the last process, has ended. An open file
/// also keeps the namespace and its devices alive, so release_ended() closes it 100 ms after the
/// namespace has ended.
class KernelCounts {
  public:
    /// only: the namespaces to read; empty: all. table: the hand-overs without an event.
    explicit KernelCounts(CountedAt counted_at, std::vector<std::uint32_t> only = {},
                          NetnsTable table = {})
        : counted_at_(counted_at), only_(std::move(only)), table_(table) {}

    /// Samples the counters that serve as the baseline. Once the events of that time are known,
    /// choose_start() picks one of the samples and returns where each namespace's run begins:
    /// events at or before that time are excluded.
    void sample_start();
    CounterTimes choose_start(const EventTimes& times);
    /// When the last sampling began and ended, CLOCK_MONOTONIC.
    [[nodiscard]] std::uint64_t sampled_from_ns() const { return sampled_from_ns_; }
    [[nodiscard]] std::uint64_t sampled_until_ns() const { return sampled_until_ns_; }
    /// The same at the end: events after that time are excluded.
    void sample_end();
    CounterTimes choose_end(const EventTimes& times);

    /// The first event of a namespace (twtrace_netns) was read. The next refresh() searches for it,
    /// first at the process `pid`, and counts it from zero.
    void announce(std::uint64_t id, std::uint32_t pid);
    /// Counts an entry in that namespace at that time (CLOCK_MONOTONIC).
    void count_entry(std::uint64_t id, std::uint64_t time_ns) {
        if (id != last_counted_id_ || last_counted_ == nullptr) {
            last_counted_ = &seen(id);
            last_counted_id_ = id;
        }
        if (time_ns <= last_counted_->begun_ns) {
            ended_.unverified.add(last_counted_->why_unreadable, 1);
            return;
        }
        last_counted_->events += 1;
        if (time_ns > last_counted_->released_ns)
            last_counted_->after_release += 1;
    }
    /// Withdraws an entry that count_entry() has counted.
    void uncount_entry(std::uint64_t id) {
        const auto found = seen_.find(id);
        if (found == seen_.end() || found->second.events == 0)
            return;
        found->second.events -= 1;
        found->second.after_release -= found->second.after_release > 0 ? 1 : 0;
    }
    /// Some namespace has not been searched for yet.
    [[nodiscard]] bool has_unknown() const { return !to_find_.empty(); }
    /// Opens new namespaces (the search walks /proc) and handles those that ended. every_second:
    /// retries those that could not be opened and had entries since.
    void refresh(bool every_second);

    /// Becomes readable when a namespace may have ended; then call note_ends().
    [[nodiscard]] int ends_fd() const { return watch_.fd(); }
    void note_ends();
    /// When release_ended() has work to do (CLOCK_MONOTONIC); none: not before another namespace
    /// ends.
    [[nodiscard]] std::optional<std::uint64_t> release_due_ns() const;
    /// Releases namespaces that ended 100 ms ago: their orphaned sockets had time to close.
    void release_ended();

    /// Event::netns_mix of the latest namespace with that inode; 0: not known.
    [[nodiscard]] std::uint32_t latest_mix(std::uint32_t inode) const;

    /// Reads the current counters and what the kernel side's filters left out. sum() then covers
    /// everything until now.
    void read();

    struct Sum {
        std::uint64_t entered = 0;  ///< rise of TW + TWKilled
        std::uint64_t overflow = 0; ///< rise of TCPTimeWaitOverflow
        std::uint64_t filtered = 0; ///< entries that the kernel side's filters left out
        std::uint64_t namespaces = 0;
        /// Entries in namespaces whose counters could not be read: not in `entered`.
        Unverified unverified;
        std::uint64_t ambiguous = 0; ///< events that may fall on either side of start or end
        /// Entries that found the ring full before the counters of the start were read, or after
        /// those of the end: not in `entered`.
        std::uint64_t lost_outside = 0;
    };
    [[nodiscard]] Sum sum() const;
    [[nodiscard]] CountedAt counted_at() const { return counted_at_; }

  private:
    struct State {
        NetFiles files;
        NamespaceFile namespace_file; // the file that leads into it
        TcpCounters opened; // at the start of the run; 0 for a namespace that appeared later
        TcpCounters base;
        TcpCounters last;
        std::uint64_t filtered_base = 0;
        std::uint64_t filtered_last = 0;
        std::vector<CounterSample> samples;
        std::uint64_t ambiguous = 0;
        std::uint64_t id = 0;       // 0: no event seen there yet
        std::uint64_t ended_ns = 0; // when namespace_file was found gone; 0: it still exists
        std::uint64_t read_ns = 0;  // before the release: when `last` was read
        std::uint64_t begun_ns = 0; // later than the run: when it was opened (begin_now())
        std::uint64_t lost = 0;     // at the start or the end
    };
    /// What is known of a namespace from its events. states_ determines whether its counters are in
    /// the sum; events before its release always are.
    struct Seen {
        std::uint64_t first_ns = 0; // when its row in the table was made, CLOCK_MONOTONIC
        std::uint64_t events = 0;
        std::uint64_t filtered = 0;
        std::uint64_t lost = 0;
        std::uint64_t lost_before = 0; // the start; of its row in the table
        std::uint64_t begun_ns = 0;    // entries until then can't be compared
        std::uint64_t entries_when_tried = 0;
        /// CLOCK_MONOTONIC; 0: not released, and every event counts as later.
        std::uint64_t released_ns = 0;
        std::uint64_t after_release = 0; // of events
        TcpCounters at_release;
        Unreadable why_unreadable = Unreadable::Ended;
        [[nodiscard]] std::uint64_t entries() const { return events + filtered + lost; }
    };
    using SeenMap = std::unordered_map<std::uint64_t, Seen>;
    Seen& seen(std::uint64_t id);
    [[nodiscard]] SeenMap::const_iterator latest_seen(std::uint32_t inode) const;
    void find_later(std::uint64_t id, std::uint32_t pid);
    [[nodiscard]] bool has_counted(const TcpCounters& counters, const Seen& one) const;
    void assign(State& state, std::uint64_t id);
    void begin_now(State& state, std::uint64_t id);
    void release(std::uint32_t netns, State& state);
    [[nodiscard]] bool is_open(std::uint64_t id) const;
    [[nodiscard]] std::uint64_t unverified_of(std::uint64_t id, const Seen& seen) const;
    [[nodiscard]] bool is_chosen(std::uint32_t netns) const;
    /// True: a process ended before the namespace that it led into was opened.
    bool add_new();
    void add_by_process();
    void forget_oldest();
    void sample_all();
    std::uint32_t open_new(const NamespaceFile& file, NetFiles files);
    void identify(const std::vector<std::uint32_t>& opened);
    void keep_trying();
    void mark_ended();
    void use_file(State& state, const NamespaceFile& file);
    void read_table();
    void read_one(State& state);
    void add_to_sum(const State& state, Sum& sum) const;
    CounterTimes choose_sample(const EventTimes& times, TcpCounters State::*target,
                               std::uint64_t State::*filtered);

    CountedAt counted_at_;
    std::vector<std::uint32_t> only_;
    NetnsTable table_;
    std::map<std::uint32_t, State> states_;
    EndWatch watch_;
    SeenMap seen_;
    std::unordered_map<std::uint64_t, std::uint32_t> to_find_; // id -> a process that may be in it
    // Inode numbers of namespaces that are not open, and may have counted entries before the run.
    std::unordered_set<std::uint32_t> with_history_;
    std::uint64_t lost_outside_ = 0;
    Sum ended_;                    // of namespaces that were released or forgotten
    Seen* last_counted_ = nullptr; // of last_counted_id_
    std::uint64_t last_counted_id_ = 0;
    std::uint64_t sampled_from_ns_ = 0;
    std::uint64_t sampled_until_ns_ = 0;
};

} // namespace twtrace
