// Where a run begins and ends, to the event. The kernel's counters can't be read at the same
// instant as the ring, and on a busy host something closes while they are read. So they are read
// again and again, and of these samples one is taken during which, by the events' own times,
// nothing happened: what came before it is out, what came after it is in.
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
    std::uint64_t filtered = 0; ///< before_ns: entries that the kernel side's filters left out
    std::uint64_t filtered_after = 0; ///< at after_ns
};

/// Samples the counters until they stand still, 64 times at most; empty: it can't
/// be read. id: by which `table` knows the namespace.
std::vector<CounterSample> sample_counters(const NetFiles& files, const NetnsTable& table,
                                           std::uint64_t id);

struct Boundary {
    CounterSample sample;
    std::uint64_t ambiguous = 0; ///< events that may fall on either side of it
};

/// The sample that the fewest of these events (times of hand-overs, any order) touch; the earliest
/// of equals. samples must not be empty.
Boundary choose_boundary(const std::vector<CounterSample>& samples,
                         const std::vector<std::uint64_t>& event_times);

} // namespace twtrace
