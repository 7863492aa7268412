#include "account/boundary.h"

#include "catch2.h"

using namespace twtrace;

namespace {

CounterSample sample_at(std::uint64_t before_ns) {
    CounterSample sample;
    sample.before_ns = before_ns;
    sample.after_ns = before_ns + 1000;
    return sample;
}

} // namespace

TEST_CASE("boundary: the sample that fewest events overlap", "[account]") {
    std::vector<CounterSample> samples{sample_at(1'000'000), sample_at(2'000'000),
                                       sample_at(3'000'000)};
    const Boundary second = choose_boundary(samples, {1'000'500, 3'000'500});
    CHECK(second.sample.before_ns == 2'000'000);
    CHECK(second.ambiguous == 0);
    samples[1].unsent_after.lost = 2;
    const Boundary first = choose_boundary(samples, {1'000'500, 3'000'500});
    CHECK(first.sample.before_ns == 1'000'000);
    CHECK(first.ambiguous == 1);
}

TEST_CASE("boundary: a lost retraction is one event, also while the count is -1", "[account]") {
    CounterSample sample = sample_at(1'000'000);
    --sample.unsent_after.lost;
    CHECK(choose_boundary({sample}, {}).ambiguous == 1);
    --sample.unsent_after.filtered;
    CHECK(choose_boundary({sample}, {}).ambiguous == 2);
}

TEST_CASE("boundary: without events, the sample with the least rise around it", "[account]") {
    std::vector<CounterSample> samples;
    for (const std::uint64_t tw : {0U, 1U, 2U, 3U, 3U, 3U, 3U, 3U, 4U, 5U, 6U, 7U}) {
        samples.push_back(sample_at(samples.size() * 1'000'000));
        samples.back().counters.tw = tw;
    }
    const Boundary quiet = quietest_boundary(samples, CountedAt::Schedule);
    CHECK(quiet.sample.before_ns == 5'000'000);
    CHECK(quiet.ambiguous == 0);
    samples[5].counters.tw = 10;
    samples[6].counters.tw = 12;
    samples[7].counters.tw = 14;
    const Boundary busy = quietest_boundary(samples, CountedAt::Schedule);
    CHECK(busy.sample.before_ns == 4'000'000);
    CHECK(busy.ambiguous == 8);
}

TEST_CASE("boundary: without events, of fewer samples the middle one", "[account]") {
    CHECK(quietest_boundary({sample_at(7)}, CountedAt::Schedule).sample.before_ns == 7);
    const auto three =
        quietest_boundary({sample_at(7), sample_at(8), sample_at(9)}, CountedAt::End);
    CHECK(three.sample.before_ns == 8);
    CHECK(three.ambiguous == 0);
}
