#include "catch2.h"

#include "attribute/time_wait_owners.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

Event entry(std::uint16_t port = 45678) {
    Event event = client_v4();
    event.local_port = port;
    event.time_ns = second;
    return event;
}

// As sent by the kernel side: addresses, and no owner.
Event of_minisock(EventType type, std::uint64_t time_ns, std::uint16_t port = 45678) {
    const Event before = entry(port);
    Event event;
    event.type = type;
    event.stage = Stage::TimeWait;
    event.reason = type == EventType::TimeWaitEnd ? Reason::Expired : Reason::None;
    event.netns = before.netns;
    event.local = before.local;
    event.remote = before.remote;
    event.local_port = port;
    event.remote_port = before.remote_port;
    event.time_ns = time_ns;
    return event;
}

} // namespace

TEST_CASE("present: an end gets the closer and the time of its entry") {
    TimeWaitOwners present(7);
    Event in = entry();
    in.role_inferred = true;
    CHECK_FALSE(present.follow(in));
    CHECK(in.held);
    CHECK(present.size() == 1);
    Event end = of_minisock(EventType::TimeWaitEnd, 61 * second);
    CHECK_FALSE(present.follow(end));
    CHECK(end.held);
    CHECK(end.task.pid == 1234);
    CHECK(end.task.comm() == "nginx");
    CHECK(end.how == How::Close);
    CHECK(end.role == Role::Client);
    CHECK(end.role_inferred);
    CHECK(end.held_us() == 60'000'000U);
    CHECK(present.size() == 0);
}

TEST_CASE("present: an end without a known entry has no owner") {
    TimeWaitOwners present(7);
    Event in = entry();
    present.follow(in);
    for (Event other : {of_minisock(EventType::TimeWaitEnd, 2 * second, 1),
                        of_minisock(EventType::TimeWaitStart, 2 * second, 2)}) {
        CHECK_FALSE(present.follow(other));
        CHECK_FALSE(other.held);
        CHECK_FALSE(other.task.known());
        CHECK_FALSE(other.held_us());
    }
    Event elsewhere = of_minisock(EventType::TimeWaitEnd, 2 * second);
    elsewhere.netns = 1;
    present.follow(elsewhere);
    CHECK_FALSE(elsewhere.held);
    CHECK(present.size() == 1);
}

TEST_CASE("present: FIN_WAIT2, then the FIN, then the end") {
    TimeWaitOwners present(7);
    Event in = entry();
    in.stage = Stage::FinWait2;
    present.follow(in);
    Event start = of_minisock(EventType::TimeWaitStart, 2 * second);
    present.follow(start);
    CHECK(start.held);
    CHECK(start.stage == Stage::FinWait2);
    Event end = of_minisock(EventType::TimeWaitEnd, 3 * second);
    present.follow(end);
    CHECK(end.stage == Stage::TimeWait);
}

TEST_CASE("present: a lost end is inferred from the next entry of the same addresses") {
    TimeWaitOwners present(7);
    Event first = entry();
    present.follow(first);
    Event second_one = entry();
    second_one.time_ns = 5 * second;
    second_one.task.pid = 99;
    const auto before = present.follow(second_one);
    REQUIRE(before);
    CHECK(before->type == EventType::TimeWaitEnd);
    CHECK(before->reason == Reason::None);
    CHECK(before->task.pid == 1234);
    CHECK(before->held);
    CHECK(second_one.held);
    CHECK(present.size() == 1);
    Event end = of_minisock(EventType::TimeWaitEnd, 6 * second);
    present.follow(end);
    CHECK(end.task.pid == 99);
}

TEST_CASE("present: a retracted entry is dropped") {
    TimeWaitOwners present(7);
    Event in = entry();
    in.stage = Stage::FinWait2;
    present.follow(in);
    Event aborted = entry();
    aborted.type = EventType::Aborted;
    present.follow(aborted);
    CHECK_FALSE(aborted.held);
    CHECK(present.size() == 1);
    aborted.retracts = true;
    present.follow(aborted);
    CHECK(aborted.held);
    CHECK(present.size() == 0);
}

TEST_CASE("present: memory is bounded, and further entries are counted") {
    TimeWaitOwners present(7, 2);
    for (std::uint16_t port = 1; port <= 5; ++port) {
        Event in = entry(port);
        present.follow(in);
        CHECK(in.held == (port <= 2));
    }
    CHECK(present.size() == 2);
    CHECK(present.untracked() == 3);
    Event end = of_minisock(EventType::TimeWaitEnd, 2 * second, 5);
    present.follow(end);
    CHECK_FALSE(end.held);
    end = of_minisock(EventType::TimeWaitEnd, 2 * second, 1);
    present.follow(end);
    Event in = entry(6);
    present.follow(in);
    CHECK(in.held);
}
