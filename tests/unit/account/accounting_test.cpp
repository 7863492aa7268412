#include "catch2.h"

#include <random>
#include <string>

#include "account/accounting.h"
#include "sink/summary_sink.h"

using namespace twtrace;

namespace {

Accounting::Inputs inputs(std::uint64_t captured, std::uint64_t kernel) {
    Accounting::Inputs inputs;
    inputs.captured = captured;
    inputs.kernel = kernel;
    return inputs;
}

bool has_reason(const Accounting& accounting, const std::string& part) {
    for (const std::string& reason : accounting.reasons)
        if (reason.find(part) != std::string::npos)
            return true;
    return false;
}

} // namespace

TEST_CASE("accounting: all that the kernel counted was captured") {
    const auto accounting = Accounting::of(inputs(100, 100));
    CHECK(accounting.exact);
    CHECK(accounting.unaccounted == 0);
    CHECK(accounting.missed == 0);
    CHECK(accounting.reasons.empty());
    CHECK(Accounting::of(inputs(0, 0)).exact);
}

TEST_CASE("accounting: events lost in the ring are counted") {
    auto given = inputs(90, 100);
    given.lost = 10;
    const auto accounting = Accounting::of(given);
    CHECK(accounting.exact);
    CHECK(accounting.captured == 90);
    CHECK(accounting.lost == 10);
}

TEST_CASE("accounting: misses explain a gap up to their number, less the recovered ones") {
    auto given = inputs(90, 100);
    given.recursion_misses = 25;
    CHECK(Accounting::of(given).missed == 10);
    CHECK(Accounting::of(given).exact);
    given.recursion_misses = 4;
    CHECK(Accounting::of(given).missed == 4);
    CHECK(Accounting::of(given).unaccounted == 6);
    CHECK_FALSE(Accounting::of(given).exact);
    given.recursion_misses = 20;
    given.caught = 15;
    CHECK(Accounting::of(given).missed == 5);
    given.caught = 1000; // more than there were: nothing remains to explain
    CHECK(Accounting::of(given).missed == 0);
}

TEST_CASE("accounting: misses without a gap cost no entry") {
    auto given = inputs(100, 100);
    given.recursion_misses = 25;
    CHECK(Accounting::of(given).missed == 0);
    CHECK(Accounting::of(given).exact);
    given.captured = 110;
    CHECK(Accounting::of(given).missed == 0);
    CHECK(Accounting::of(given).unaccounted == -10);
}

TEST_CASE("accounting: not exact without the kernel's counters") {
    Accounting::Inputs given;
    given.captured = 5;
    given.filtered = 2;
    given.lost = 1;
    const auto accounting = Accounting::of(given);
    CHECK_FALSE(accounting.kernel);
    CHECK_FALSE(accounting.exact);
    CHECK(accounting.captured == 5);
    CHECK(accounting.filtered == 2);
    CHECK(accounting.lost == 1);
    CHECK(has_reason(accounting, "could not be read"));
    given.unverified.not_allowed = 6;
    CHECK(Accounting::of(given).unverified == 6);
    CHECK(accounting_line(Accounting::of(given)) ==
          "not checked: captured 5 (2 of them filtered out) + lost 1 + missed 0; 6 were in network "
          "namespaces whose counters twtrace may not read: it lacks CAP_SYS_PTRACE, or "
          "CAP_SYS_ADMIN for one without processes");
}

TEST_CASE("accounting: a gap always has a reason, the known ones by their numbers") {
    auto given = inputs(110, 100);
    CHECK(Accounting::of(given).reasons.size() == 1);
    given.overflow = 7;
    given.unverified = {9, 4, 2};
    given.ambiguous = 2;
    const auto accounting = Accounting::of(given);
    CHECK(has_reason(accounting, "7 closes"));
    CHECK(has_reason(accounting, "tcp_max_tw_buckets"));
    CHECK(has_reason(accounting, "9 were in network namespaces whose"));
    CHECK(has_reason(accounting, "2 closes within microseconds"));
    CHECK(
        has_reason(accounting, "4 were in network namespaces whose counters twtrace may not read"));
    CHECK(has_reason(accounting, "2 were in network namespaces for which no file descriptor"));
}

TEST_CASE("accounting: entries that could not be compared are unverified, not unaccounted") {
    auto given = inputs(750, 238);
    given.unverified.ended = 512;
    const auto accounting = Accounting::of(given);
    CHECK(accounting.unverified == 512);
    CHECK(accounting.unaccounted == 0);
    CHECK_FALSE(accounting.exact);
    CHECK(
        accounting_line(accounting) ==
        "512 not verified, the others exact (captured 750 + lost 0 + missed 0, the kernel counted "
        "238): 512 were in network namespaces whose counters could not be read in time");
    given.kernel = 240;
    CHECK(Accounting::of(given).unaccounted == 2);
}

TEST_CASE("accounting: captured + lost + missed + unaccounted is the kernel's count") {
    std::mt19937 random(31);
    for (int round = 0; round < 10'000; ++round) {
        auto given = inputs(random() % 100, random() % 200);
        given.lost = random() % 20;
        given.recursion_misses = random() % 50;
        given.caught = random() % 50;
        const auto accounting = Accounting::of(given);
        const auto sum =
            static_cast<std::int64_t>(accounting.captured + accounting.lost + accounting.missed) +
            accounting.unaccounted;
        REQUIRE(sum == static_cast<std::int64_t>(*accounting.kernel));
        REQUIRE(accounting.exact == (accounting.unaccounted == 0));
        REQUIRE(accounting.exact == accounting.reasons.empty());
        REQUIRE(accounting.missed + given.caught <= std::max(given.recursion_misses, given.caught));
    }
}

TEST_CASE("accounting line: exact, too few, too many, not checked") {
    CHECK(accounting_line(Accounting::of(inputs(100, 100))) ==
          "exact: captured 100 + lost 0 + missed 0 = 100 counted by the kernel");
    auto given = inputs(97, 100);
    given.filtered = 7;
    given.overflow = 3;
    CHECK(accounting_line(Accounting::of(given)) ==
          "not exact: 3 of 100 unaccounted for (captured 97 (7 of them filtered out) + lost 0 + "
          "missed 0, the kernel counted 100): 3 closes found tcp_max_tw_buckets reached and made "
          "no time-wait socket");
    given = inputs(105, 100);
    given.overflow = 5;
    CHECK(accounting_line(Accounting::of(given)) ==
          "not exact: 5 more than the 100 that the kernel counted (captured 105 + lost 0 + missed "
          "0): 5 closes found tcp_max_tw_buckets reached and made no time-wait socket");
    CHECK(accounting_line(Accounting::of({})) ==
          "not checked: captured 0 + lost 0 + missed 0; the kernel's counters could not be read");
    // A replay that ends after a number of lines compared nothing.
    CHECK(accounting_line(Accounting{}) == "not checked: captured 0 + lost 0 + missed 0; the run "
                                           "ended before the counters were compared");
}

TEST_CASE("accounting: a kernel that counts at the end does not count minisocks ended by a reset") {
    auto given = inputs(100, 90);
    given.counted_at_end = true;
    CHECK(has_reason(Accounting::of(given), "counts an entry only when it ends"));
    given = inputs(90, 100);
    given.counted_at_end = true;
    CHECK_FALSE(has_reason(Accounting::of(given), "counts an entry only when it ends"));
}

TEST_CASE("accounting: of an interval, from two readings", "[accounting]") {
    Accounting::Inputs earlier;
    earlier.captured = 100;
    earlier.lost = 2;
    earlier.kernel = 103;
    Accounting::Inputs later = earlier;
    later.captured = 150;
    later.lost = 5;
    later.kernel = 156;
    const Accounting exact = Accounting::of(later.since(earlier));
    CHECK(exact.captured == 50);
    CHECK(exact.lost == 3);
    CHECK(exact.kernel == 53);
    CHECK(exact.exact);
    CHECK(exact.reasons.empty());
    later.kernel = 157;
    const Accounting boundary = Accounting::of(later.since(earlier));
    CHECK_FALSE(boundary.exact);
    CHECK(boundary.unaccounted == 1);
    REQUIRE(boundary.reasons.size() == 1);
    CHECK(boundary.reasons.front().find("before or after") != std::string::npos);
    later.kernel.reset();
    CHECK_FALSE(Accounting::of(later.since(earlier)).kernel);
}

TEST_CASE("accounting: unknown closers and sockets are reported, and do not make it inexact") {
    auto given = inputs(100, 100);
    CHECK(accounting_line(Accounting::of(given)) ==
          "exact: captured 100 + lost 0 + missed 0 = 100 counted by the kernel");
    auto earlier = given;
    given.captured += 10;
    *given.kernel += 10;
    given.without_closer = 3;
    given.untracked = 2;
    CHECK(
        accounting_line(Accounting::of(given)) ==
        "exact: captured 110 + lost 0 + missed 0 = 110 counted by the kernel; 3 without a closer; "
        "2 sockets untracked");
    earlier.without_closer = 1;
    const auto between = Accounting::of(given.since(earlier));
    CHECK(between.without_closer == 2);
    CHECK(between.untracked == 2);
    CHECK(between.exact);
}
