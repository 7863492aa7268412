#include "catch2.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "aggregate/histogram.h"

using namespace twtrace;

namespace {

constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

std::uint64_t exact_quantile(const std::vector<std::uint64_t>& sorted, double share) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

} // namespace

TEST_CASE("histogram: empty") {
    const Histogram histogram;
    CHECK(histogram.count() == 0);
    CHECK_FALSE(histogram.quantile(0.5));
    CHECK_FALSE(histogram.max());
}

TEST_CASE("histogram: one value is every quantile") {
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{1'000'003}, largest}) {
        Histogram histogram;
        histogram.add(value);
        for (const double share : {0.0, 0.5, 0.9, 0.99, 1.0})
            CHECK(histogram.quantile(share) == value);
        CHECK(histogram.max() == value);
    }
}

TEST_CASE("histogram: buckets are contiguous and hold the values of their range") {
    for (std::size_t index = 1; index < Histogram::buckets; ++index) {
        CAPTURE(index);
        const std::uint64_t first = Histogram::upper_end(index - 1) + 1;
        const std::uint64_t last = Histogram::upper_end(index);
        REQUIRE(Histogram::index_of(first) == index);
        REQUIRE(Histogram::index_of(last) == index);
        // The documented width: an eighth of the start of the bucket.
        REQUIRE(static_cast<double>(last - first) <= static_cast<double>(first) / 8);
    }
    CHECK(Histogram::upper_end(Histogram::buckets - 1) == largest);
}

TEST_CASE("histogram: quantiles are the exact ones, or up to an eighth more") {
    std::mt19937_64 random(23);
    for (int round = 0; round < 50; ++round) {
        Histogram histogram;
        std::vector<std::uint64_t> values;
        std::lognormal_distribution<double> lifetimes(8, 1 + round % 4);
        for (std::size_t left = 1 + random() % 3000; left > 0; --left)
            values.push_back(static_cast<std::uint64_t>(lifetimes(random)));
        for (const std::uint64_t value : values)
            histogram.add(value);
        std::sort(values.begin(), values.end());
        for (const double share : {0.5, 0.9, 0.99}) {
            const std::uint64_t exact = exact_quantile(values, share);
            const auto estimate = histogram.quantile(share);
            REQUIRE(estimate);
            CAPTURE(round, share, exact, *estimate);
            CHECK(*estimate >= exact);
            CHECK(*estimate <= exact + exact / 8);
        }
        CHECK(histogram.max() == values.back());
        CHECK(histogram.quantile(1.0) == values.back());
        CHECK(histogram.count() == values.size());
    }
}

TEST_CASE("histogram: a value can be added many times at once, beyond 32 bits") {
    Histogram histogram;
    histogram.add(1, std::uint64_t{1} << 33);
    histogram.add(100);
    CHECK(histogram.count() == (std::uint64_t{1} << 33) + 1);
    CHECK(histogram.quantile(0.99) == 1U);
    CHECK(histogram.at(Histogram::index_of(1)) == std::uint64_t{1} << 33);
}

TEST_CASE("histogram: retracted values do not count") {
    Histogram histogram;
    histogram.add(5);
    histogram.add(1000);
    histogram.remove(1000);
    CHECK(histogram.count() == 1);
    CHECK(histogram.quantile(0.99) == 5U);
    histogram.remove(77); // never added
    CHECK(histogram.count() == 1);
}
