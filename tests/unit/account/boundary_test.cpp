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
