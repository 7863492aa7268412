#include "app/read_schedule.h"

#include "catch2.h"

using twtrace::ReadSchedule;

namespace {

unsigned reads_until_sleep(ReadSchedule& pace) {
    unsigned reads = 1;
    while (pace.after(true) != ReadSchedule::Step::Sleep)
        ++reads;
    return reads;
}

} // namespace

TEST_CASE("schedule: a timer while events come") {
    ReadSchedule pace;
    for (int read = 0; read < 100; ++read)
        CHECK(pace.after(false) == ReadSchedule::Step::Timer);
}

TEST_CASE("schedule: requests the wake-up once, reads once more, then sleeps") {
    ReadSchedule pace;
    for (unsigned read = 1; read < ReadSchedule::quiet_reads; ++read)
        CHECK(pace.after(true) == ReadSchedule::Step::Timer);
    CHECK(pace.after(true) == ReadSchedule::Step::Ask);
    CHECK(pace.after(true) == ReadSchedule::Step::Sleep);
    CHECK(pace.after(true) == ReadSchedule::Step::Sleep);
}

TEST_CASE("schedule: any event restarts it") {
    ReadSchedule pace;
    const unsigned reads = reads_until_sleep(pace);
    CHECK(pace.after(false) == ReadSchedule::Step::Timer);
    CHECK(reads_until_sleep(pace) == reads);

    ReadSchedule asked;
    for (unsigned read = 0; read < ReadSchedule::quiet_reads; ++read)
        asked.after(true);
    CHECK(asked.after(false) == ReadSchedule::Step::Timer); // woken by the requested wake-up
    CHECK(reads_until_sleep(asked) == reads);
}

TEST_CASE("schedule: larger batches under load, as long as four fit into the ring") {
    using std::chrono::milliseconds;
    using twtrace::time_between_reads;
    constexpr std::size_t ring = 2U << 20;
    CHECK(time_between_reads(milliseconds(20), 0, ring) == milliseconds(20));
    CHECK(time_between_reads(milliseconds(20), 20'000, ring) == milliseconds(20));
    CHECK(time_between_reads(milliseconds(20), 137'000, ring) == milliseconds(40)); // 45,000/s
    CHECK(time_between_reads(milliseconds(40), 274'000, ring) == milliseconds(40));
    CHECK(time_between_reads(milliseconds(40), 600'000, ring) == milliseconds(20));
    CHECK(time_between_reads(milliseconds(20), 600'000, ring) == milliseconds(10));
    CHECK(time_between_reads(milliseconds(5), ring, ring) == milliseconds(5));
    CHECK(time_between_reads(milliseconds(5), 5'000, ring) == milliseconds(20));
    CHECK(time_between_reads(milliseconds(20), 4'096, 4'096) == milliseconds(5));
    CHECK(time_between_reads(milliseconds(0), 100, ring) == milliseconds(20));
}
