#include "exporter/losses.h"

#include "catch2.h"

using namespace twtrace;

namespace {

Accounting second_of(std::uint64_t kernel, std::uint64_t captured, std::uint64_t misses = 0) {
    Accounting::Inputs inputs;
    inputs.kernel = kernel;
    inputs.captured = captured;
    inputs.recursion_misses = misses;
    return Accounting::of(inputs);
}

} // namespace

TEST_CASE("losses: differences at a boundary are not reported, a gap is", "[exporter]") {
    Losses losses;
    CHECK_FALSE(losses.unaccounted());
    losses.add(second_of(10, 8), 0);
    CHECK(losses.unaccounted() == 2);
    losses.add(second_of(20, 21), 0);
    CHECK(losses.unaccounted() == -1);
    losses.add(second_of(30, 30), 0);
    CHECK(losses.unaccounted() == 0);
    for (int second = 0; second < 5; ++second)
        losses.add(second_of(40, 35), 0);
    CHECK(losses.unaccounted() == 5);
}

TEST_CASE("losses: counters never decrease", "[exporter]") {
    Losses losses;
    for (int second = 0; second < 5; ++second)
        losses.add(second_of(40, 35, 3), 2);
    CHECK(losses.missed() == 3);
    losses.add(second_of(39, 39, 3), 1);
    CHECK(losses.missed() == 3);
    CHECK(losses.kernel() == 40);
    CHECK(losses.overflow() == 2);
}

TEST_CASE("losses: a transient skip is not a missed entry", "[exporter]") {
    Losses losses;
    for (int second = 0; second < 10; ++second)
        losses.add(second_of(40, second % 3 == 0 ? 40 : 38, 7), 0);
    CHECK(losses.missed() == 0);
}
