#include "catch2.h"

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "decode/retraction_window.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

Event entry(std::uint64_t time_ns, Stage stage, std::uint16_t local_port = 45678) {
    Event event = client_v4();
    event.time_ns = time_ns;
    event.stage = stage;
    event.local_port = local_port;
    return event;
}

// The output, in order.
struct Settled {
    RetractionWindow settle;
    std::vector<Event> out;

    void push(Event event, std::uint64_t now_ns) {
        settle.push(event, now_ns, [this](const Event& one) { out.push_back(one); });
    }
    void release(std::uint64_t now_ns) {
        settle.release(now_ns, [this](const Event& one) { out.push_back(one); });
    }
    void release_all() {
        settle.release_all([this](const Event& one) { out.push_back(one); });
    }
};

constexpr std::uint64_t start = 1'000'000'000;
constexpr std::uint64_t hold = RetractionWindow::hold_ns;

} // namespace

TEST_CASE("settle: an event that cannot be retracted passes at once") {
    Settled settled;
    settled.push(entry(start, Stage::TimeWait), start);
    Event passive = entry(start, Stage::None);
    passive.type = EventType::PassiveClose;
    settled.push(passive, start);
    CHECK(settled.out.size() == 2);
}

TEST_CASE("settle: an entry in FIN_WAIT2 is held as long as it can be retracted") {
    Settled settled;
    settled.push(entry(start, Stage::FinWait2), start);
    settled.release(start + hold);
    CHECK(settled.out.empty());
    settled.release(start + hold + 1);
    REQUIRE(settled.out.size() == 1);
    CHECK(settled.out[0].type == EventType::TimeWait);
}

TEST_CASE("settle: order is kept while events wait") {
    Settled settled;
    std::mt19937 random(3);
    std::uint64_t now = start;
    for (std::uint16_t index = 1; index <= 2000; ++index) {
        now += random() % 3'000'000;
        settled.push(entry(now, random() % 3 == 0 ? Stage::FinWait2 : Stage::TimeWait, index), now);
    }
    CHECK(settled.out.size() < 2000);
    settled.release_all();
    REQUIRE(settled.out.size() == 2000);
    for (std::uint16_t index = 1; index <= 2000; ++index)
        REQUIRE(settled.out[index - 1U].local_port == index);
}

TEST_CASE("settle: a reset within the hold turns the entry into an aborted close") {
    Settled settled;
    const Event first = entry(start, Stage::FinWait2, 1);
    const Event second = entry(start, Stage::FinWait2, 2);
    const Event third = entry(start + 10, Stage::TimeWait, 3);
    for (const Event& event : {first, second, third})
        settled.push(event, start);
    settled.push(retraction_of(second), start);
    settled.release_all();
    REQUIRE(settled.out.size() == 3);
    CHECK(settled.out[0].type == EventType::TimeWait);
    CHECK(settled.out[1].type == EventType::Aborted);
    CHECK(settled.out[1].local_port == 2);
    CHECK_FALSE(settled.out[1].retracts); // nothing was counted, so nothing is retracted
    CHECK(settled.out[2].type == EventType::TimeWait);
}

TEST_CASE("settle: a retracted entry no longer waits") {
    Settled settled;
    const Event event = entry(start, Stage::FinWait2);
    settled.push(event, start);
    settled.push(retraction_of(event), start);
    settled.release(start);
    REQUIRE(settled.out.size() == 1);
    CHECK(settled.out[0].type == EventType::Aborted);
}

TEST_CASE("settle: a reset after the hold passes as a retraction") {
    Settled settled;
    const Event event = entry(start, Stage::FinWait2);
    settled.push(event, start);
    settled.release(start + hold + 1);
    settled.push(retraction_of(event), start + hold + 2);
    REQUIRE(settled.out.size() == 2);
    CHECK(settled.out[0].type == EventType::TimeWait);
    CHECK(settled.out[1].type == EventType::Aborted);
    CHECK(settled.out[1].retracts);
}

TEST_CASE("settle: a reset retracts only the entry of its own socket") {
    const Event event = entry(start, Stage::FinWait2);
    std::vector<Event> others(6, event);
    others[0].time_ns += 1;
    others[1].netns += 1;
    others[2].local_port += 1;
    others[3].remote_port += 1;
    others[4].local = address("127.0.0.2");
    others[5].remote = address("::1");
    for (const Event& other : others) {
        Settled settled;
        settled.push(other, start);
        settled.push(retraction_of(event), start);
        settled.release_all();
        REQUIRE(settled.out.size() == 2);
        CHECK(settled.out[0].type == EventType::TimeWait);
        CHECK(settled.out[1].retracts);
    }
}

TEST_CASE("settle: one reset retracts one entry") {
    Settled settled;
    const Event event = entry(start, Stage::FinWait2);
    settled.push(event, start);
    settled.push(retraction_of(event), start);
    settled.push(retraction_of(event), start);
    settled.release_all();
    REQUIRE(settled.out.size() == 2);
    CHECK_FALSE(settled.out[0].retracts);
    CHECK(settled.out[1].retracts);
}

TEST_CASE("settle: an entry with a future time waits, one with an old time does not") {
    Settled settled;
    settled.push(entry(0, Stage::FinWait2), start);
    CHECK(settled.out.size() == 1);
    settled.push(entry(~std::uint64_t{0}, Stage::FinWait2), start);
    CHECK(settled.out.size() == 1);
}

TEST_CASE("settle: at the end all events pass, regardless of their times") {
    constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t time_ns : {std::uint64_t{0}, start, largest - hold - 1, largest - hold,
                                        largest - hold + 1, largest}) {
        Settled settled;
        CAPTURE(time_ns);
        settled.push(entry(time_ns, Stage::FinWait2), start);
        settled.release_all();
        CHECK(settled.out.size() == 1);
    }
}

TEST_CASE("settle: the end of a minisock is held, and never comes before the hand-over") {
    Settled settled;
    Event end = entry(start + 10, Stage::TimeWait);
    end.type = EventType::TimeWaitEnd;
    settled.push(end, start + 20); // reported by another CPU
    CHECK(settled.out.empty());
    settled.push(entry(start, Stage::TimeWait), start + 30);
    CHECK(settled.out.size() == 1);
    Event next = entry(start + 40, Stage::TimeWait);
    settled.push(next, start + 50);
    CHECK(settled.out.size() == 1); // behind the delayed end
    settled.release(end.time_ns + hold + 1);
    REQUIRE(settled.out.size() == 3);
    CHECK(settled.out[0].time_ns == start);
    CHECK(settled.out[1].type == EventType::TimeWaitEnd);
    CHECK(settled.out[2].time_ns == next.time_ns);
}

TEST_CASE("settle: a reset does not retract a minisock's event in FIN_WAIT2") {
    Settled settled;
    Event event = entry(start, Stage::FinWait2);
    event.type = EventType::TimeWaitStart;
    settled.push(event, start);
    settled.push(retraction_of(entry(start, Stage::FinWait2)), start);
    settled.release_all();
    REQUIRE(settled.out.size() == 2);
    CHECK(settled.out[0].type == EventType::TimeWaitStart);
    CHECK(settled.out[1].retracts);
}
