// Determines which events belong to a run. The kernel's counters can't be read at the same instant
// as the ring. They are therefore sampled repeatedly, and the boundary is a sample during which no
// event happened. Earlier events are excluded at the start and included at the end.
#pragma once

#include <cstdint>
#include <vector>

#include "account/net_files.h"
#include "source/netns_table.h"

namespace twtrace {

/// The counters of one namespace, read between two moments (CLOCK_MONOTONIC).
struct CounterSample {
    std::uint64_t before_ns = 0;
    std::uint64_t after_ns = 0;
    TcpCounters counters;
    twtrace_netns_counts unsent{};       ///< at before_ns
    twtrace_netns_counts unsent_after{}; ///< at after_ns
};

/// Samples the counters until they are stable, 64 times at most. Empty if they can't be read. id:
/// the id of the namespace in `table`.
std::vector<CounterSample> sample_counters(const NetFiles& files, const NetnsTable& table,
                                           std::uint64_t id);

struct Boundary {
    CounterSample sample;
    std::uint64_t ambiguous = 0; ///< events that may fall on either side of it
};

/// The sample that overlaps the fewest of these events (times of entries, in any order); the
/// earliest of equals. samples must not be empty.
Boundary choose_boundary(const std::vector<CounterSample>& samples,
                         const std::vector<std::uint64_t>& event_times);

/// The same for samples whose events are not known: one before which the counters did not rise, or
/// rose least. ambiguous: their rise around it.
Boundary quietest_boundary(const std::vector<CounterSample>& samples, CountedAt counted_at);

} // namespace twtrace
