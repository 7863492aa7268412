#include "util/time_namespace.h"

#include "catch2.h"

using namespace twtrace;

TEST_CASE("time namespace: offsets of both clocks") {
    const TimeOffsets offsets = parse_time_offsets("monotonic        1000         5\n"
                                                   "boottime       -86400 500000000\n");
    CHECK(offsets.monotonic_ns == 1'000'000'000'005);
    CHECK(offsets.boottime_ns == -86'399'500'000'000);
}

TEST_CASE("time namespace: an unknown format counts as 0") {
    for (const char* text : {"", "monotonic", "monotonic x y\n", "other 1 2\n", "\n\n"}) {
        INFO(text);
        const TimeOffsets offsets = parse_time_offsets(text);
        CHECK(offsets.monotonic_ns == 0);
        CHECK(offsets.boottime_ns == 0);
    }
    CHECK(parse_time_offsets("boottime 3\nmonotonic 4").boottime_ns == 3'000'000'000);
    CHECK(parse_time_offsets("boottime 9999999999 0").boottime_ns ==
          0); // no 64 bits of nanoseconds
    CHECK(parse_time_offsets("boottime -9223372036 -999999999").boottime_ns == 0);
}
