// The kernel side's store, with one socket after the other.
#include "catch2.h"
#include "store_sockets.h"

using namespace twtrace::test;

namespace {

std::vector<Connection> connections(std::size_t how_many, bool same_way) {
    native_clear();
    std::vector<Connection> all;
    std::uint32_t number = 1;
    for (const native_sock& sock : competing_sockets(how_many, same_way)) {
        all.emplace_back().sock = sock;
        all.back().begin(number++);
    }
    return all;
}

} // namespace

TEST_CASE("the store keeps opening and closer of each socket, also beyond its ways") {
    auto all = connections(40, true);
    for (Connection& one : all)
        one.open();
    CHECK(native_spilled() == 35);
    for (Connection& one : all)
        one.close();
    for (Connection& one : all) {
        const native_end end = one.finish(false);
        CHECK(one.is_complete(end));
        CHECK(one.is_closer_right(end));
    }
    CHECK(native_spilled() == 0);
    CHECK(native_counts().mixed == 0);
    CHECK(native_counts().untracked == 0);
}

TEST_CASE(
    "the store keeps times up to two years, and none for sockets whose opening was not seen") {
    auto all = connections(2, true);
    all[0].time_us = (std::uint64_t{1} << 46) - 1;
    all[0].open();
    for (Connection& one : all)
        one.close();
    CHECK(all[0].finish(false).time_us == all[0].time_us);
    const native_end end = all[1].finish(false);
    CHECK(end.how == all[1].how);
    CHECK(end.time_us == 0);
    CHECK(end.role == TWTRACE_ROLE_UNKNOWN);
}

TEST_CASE("a reset retracts a held end, and only that of its own connection") {
    auto all = connections(1, true);
    Connection& one = all[0];
    one.open();
    one.close();
    one.finish(true);
    native_sock next = one.sock;
    next.__sk_common.skc_hash += 1;
    CHECK(native_reset(&next).how == TWTRACE_HOW_UNKNOWN);
    CHECK(one.is_complete(native_reset(&one.sock)));
    CHECK(native_reset(&one.sock).how == TWTRACE_HOW_UNKNOWN);
}

TEST_CASE("data of a skipped end is not used for the next connection") {
    auto all = connections(1, true);
    Connection& one = all[0];
    one.open();
    one.close(); // its end is skipped
    SECTION("neither opening nor close are seen") {
        one.begin(77);
        CHECK(one.finish(false).how == TWTRACE_HOW_UNKNOWN);
        CHECK(native_counts().mixed == 1);
    }
    SECTION("the close is seen") {
        one.begin(77);
        one.close();
        const native_end end = one.finish(false);
        CHECK(end.how == one.how);
        CHECK(one.is_closer_right(end));
        CHECK(end.time_us == 0);
    }
}
