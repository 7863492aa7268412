#include "catch2.h"

#include "aggregate/minute.h"

using namespace twtrace;

namespace {
constexpr std::uint64_t second = 1'000'000'000;
}

TEST_CASE("minute: counts by the second, the newest first") {
    Minute<60> minute;
    minute.add(100 * second, 3);
    minute.add(100 * second + 999'999'999);
    minute.add(102 * second);
    CHECK(minute.sum() == 5);
    CHECK(minute.ago(0) == 1);
    CHECK(minute.ago(1) == 0);
    CHECK(minute.ago(2) == 4);
}

TEST_CASE("minute: entries are dropped after a minute, and not a second earlier") {
    Minute<60> minute;
    minute.add(100 * second, 7);
    minute.move_to(159 * second);
    CHECK(minute.sum() == 7);
    CHECK(minute.ago(59) == 7);
    minute.move_to(160 * second);
    CHECK(minute.sum() == 0);
    minute.add(160 * second, 2);
    minute.move_to(1'000'000 * second);
    CHECK(minute.sum() == 0);
}

TEST_CASE("minute: a late event counts at the present second") {
    Minute<12> minute;
    minute.add(100 * second);
    minute.add(90 * second);
    CHECK(minute.ago(0) == 2);
}
