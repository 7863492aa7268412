#include "catch2.h"

#include "aggregate/lifetimes.h"

using namespace twtrace;

namespace {

std::optional<std::uint64_t> median(const Lifetimes& lifetimes) {
    LifetimeSums sums{};
    lifetimes.add_to(sums);
    return quantile_us(sums, 0.5);
}

} // namespace

TEST_CASE("lifetimes: quantiles within an eighth, none without values") {
    Lifetimes lifetimes;
    CHECK_FALSE(median(lifetimes));
    for (std::uint64_t us = 1; us <= 1000; ++us)
        lifetimes.add(us);
    REQUIRE(median(lifetimes));
    CHECK(*median(lifetimes) >= 500);
    CHECK(*median(lifetimes) <= 563);
    LifetimeSums sums{};
    lifetimes.add_to(sums);
    CHECK(*quantile_us(sums, 0.0) == 1);
    CHECK(*quantile_us(sums, 1.0) >= 1000);
}

TEST_CASE("lifetimes: a counter that is full makes all others smaller, and none wraps") {
    Lifetimes lifetimes;
    for (int times = 0; times < 200'000; ++times)
        lifetimes.add(10);
    for (int times = 0; times < 100; ++times)
        lifetimes.add(1'000'000);
    REQUIRE(median(lifetimes));
    CHECK(*median(lifetimes) == 10);
}

TEST_CASE("lifetimes: old values fade out, and new ones count in full") {
    Lifetimes lifetimes;
    for (int times = 0; times < 100; ++times)
        lifetimes.add(1'000'000);
    for (int times = 0; times < 7; ++times)
        lifetimes.halve();
    CHECK_FALSE(median(lifetimes));
    lifetimes.add(3);
    CHECK(*median(lifetimes) == 3);
}

TEST_CASE("lifetimes: values beyond the buckets count in the last bucket") {
    Lifetimes lifetimes;
    lifetimes.add(~std::uint64_t{0});
    REQUIRE(median(lifetimes));
    CHECK(*median(lifetimes) > 16'000'000'000U); // 4.4 hours
}
