#include "catch2.h"

#include <cstdlib>
#include <ctime>
#include <string>

#include "model/timestamp.h"

using namespace twtrace;

namespace {

std::string rfc3339(std::uint64_t wall_ns) {
    std::string text;
    append_rfc3339(text, wall_ns);
    return text;
}

std::string local(std::uint64_t wall_ns) {
    std::string text;
    append_local_time(text, wall_ns);
    return text;
}

constexpr std::uint64_t s = 1'000'000'000;

} // namespace

TEST_CASE("timestamp: RFC 3339 in UTC with nine digits") {
    CHECK(rfc3339(0) == "1970-01-01T00:00:00.000000000Z");
    CHECK(rfc3339(1) == "1970-01-01T00:00:00.000000001Z");
    CHECK(rfc3339(1'795'338'000 * s + 123'456'789) == "2026-11-22T09:00:00.123456789Z");
    CHECK(rfc3339(1'709'251'199 * s + 999'999'999) == "2024-02-29T23:59:59.999999999Z");
    CHECK(rfc3339(4'102'444'800 * s) == "2100-01-01T00:00:00.000000000Z");
    CHECK(rfc3339(~std::uint64_t{0}) == "2554-07-21T23:34:33.709551615Z");
}

TEST_CASE("timestamp: alternating between seconds gives each its own text") {
    const std::string first = rfc3339(1'795'338'000 * s + 5);
    CHECK(rfc3339(1'795'338'001 * s) == "2026-11-22T09:00:01.000000000Z");
    CHECK(rfc3339(1'795'338'000 * s + 5) == first);
    CHECK(rfc3339(1'795'338'000 * s + 6) == "2026-11-22T09:00:00.000000006Z");
}

TEST_CASE("timestamp: appends to the text") {
    std::string text = "time=";
    append_rfc3339(text, 0);
    append_local_time(text, 0);
    CHECK(text == "time=1970-01-01T00:00:00.000000000Z00:00:00");
}

TEST_CASE("timestamp: local time follows the zone") {
    CHECK(local(1'795'338'000 * s) == "09:00:00");
    setenv("TZ", "<+0530>-5:30", 1);
    tzset();
    CHECK(local(1'795'338'059 * s) == "14:30:59");
    setenv("TZ", "UTC", 1);
    tzset();
    CHECK(local(1'795'338'060 * s) == "09:01:00");
}

TEST_CASE("timestamp: monotonic plus the difference is the wall clock") {
    const auto wall = static_cast<std::int64_t>(monotonic_now_ns()) + wall_minus_monotonic_ns();
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    CHECK(std::abs(wall / static_cast<std::int64_t>(s) - now) <= 1);
}
