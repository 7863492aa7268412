#include "account/boundary.h"

#include <algorithm>
#include <utility>

#include "model/timestamp.h"

namespace twtrace {

namespace {

constexpr std::size_t max_samples = 64;
constexpr int enough_equal = 4;
// An event carries the time of the packet that caused it. The counter rises a few microseconds
// later, in the same softirq. An event sent by close() carries the time right after the counter
// rose.
constexpr std::uint64_t counted_after_ns = 20'000;
constexpr std::uint64_t counted_before_ns = 2'000;

// Either count may be -1: a retraction was counted whose entry was not.
std::uint64_t distance(std::uint64_t one, std::uint64_t other) {
    return std::min(one - other, other - one);
}

} // namespace

std::vector<CounterSample> sample_counters(const NetFiles& files, const NetnsTable& table,
                                           std::uint64_t id) {
    std::vector<CounterSample> samples;
    int equal = 0;
    while (files && samples.size() < max_samples && equal < enough_equal) {
        CounterSample sample;
        sample.before_ns = monotonic_now_ns();
        sample.unsent = table.counts(id);
        const auto counters = files.read();
        sample.unsent_after = table.counts(id);
        sample.after_ns = monotonic_now_ns();
        if (!counters)
            break;
        sample.counters = *counters;
        const bool is_unchanged = !samples.empty() && samples.back().counters == sample.counters;
        equal = is_unchanged ? equal + 1 : 0;
        samples.push_back(sample);
    }
    return samples;
}

Boundary choose_boundary(const std::vector<CounterSample>& samples,
                         const std::vector<std::uint64_t>& event_times) {
    Boundary best;
    bool found = false;
    for (const CounterSample& sample : samples) {
        // Entries that were not sent have no times: only their number is known.
        const auto ambiguous = distance(sample.unsent.filtered, sample.unsent_after.filtered) +
                               distance(sample.unsent.lost, sample.unsent_after.lost) +
                               static_cast<std::uint64_t>(std::count_if(
                                   event_times.begin(), event_times.end(), [&](std::uint64_t time) {
                                       return time + counted_after_ns >= sample.before_ns &&
                                              time <= sample.after_ns + counted_before_ns;
                                   }));
        if (found && ambiguous >= best.ambiguous)
            continue;
        best = {sample, ambiguous};
        found = true;
    }
    return best;
}

Boundary quietest_boundary(const std::vector<CounterSample>& samples, CountedAt counted_at) {
    const auto rise = [&](std::size_t from, std::size_t to) {
        const CounterSample& first = samples[from];
        const CounterSample& last = samples[std::min(to, samples.size() - 1)];
        return distance(last.counters.entered(counted_at), first.counters.entered(counted_at)) +
               distance(last.unsent_after.filtered, first.unsent.filtered) +
               distance(last.unsent_after.lost, first.unsent.lost);
    };
    const std::size_t margin = std::min<std::size_t>(2, samples.size() / 2);
    const auto rises = [&](std::size_t at) { // right before it, and around it
        return std::pair(rise(at - std::min<std::size_t>(margin, 1), at),
                         rise(at - margin, at + 1));
    };
    std::size_t best = margin;
    for (std::size_t at = margin + 1; at < samples.size(); ++at)
        if (rises(at) < rises(best))
            best = at;
    return {samples[best], rises(best).second};
}

} // namespace twtrace
