#include "app/pace.h"

#include "catch2.h"

using twtrace::Pace;

namespace {

unsigned reads_until_sleep(Pace& pace) {
    unsigned reads = 1;
    while (pace.after(true) != Pace::Step::Sleep)
        ++reads;
    return reads;
}

} // namespace

TEST_CASE("pace: a timer while events come") {
    Pace pace;
    for (int read = 0; read < 100; ++read)
        CHECK(pace.after(false) == Pace::Step::Timer);
}

TEST_CASE("pace: asks once for the wake-up, reads once more, then sleeps") {
    Pace pace;
    for (unsigned read = 1; read < Pace::quiet_reads; ++read)
        CHECK(pace.after(true) == Pace::Step::Timer);
    CHECK(pace.after(true) == Pace::Step::Ask);
    CHECK(pace.after(true) == Pace::Step::Sleep);
    CHECK(pace.after(true) == Pace::Step::Sleep);
}

TEST_CASE("pace: any event begins it anew") {
    Pace pace;
    const unsigned reads = reads_until_sleep(pace);
    CHECK(pace.after(false) == Pace::Step::Timer);
    CHECK(reads_until_sleep(pace) == reads);

    Pace asked;
    for (unsigned read = 0; read < Pace::quiet_reads; ++read)
        asked.after(true);
    CHECK(asked.after(false) == Pace::Step::Timer); // what the wish brought
    CHECK(reads_until_sleep(asked) == reads);
}

TEST_CASE("pace: many events are read in larger batches, as long as the ring has room for four") {
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
