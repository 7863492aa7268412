#include "catch2.h"

#include "aggregate/aggregator.h"
#include "aggregate/snapshot.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

Event entry(std::uint32_t pid, Stage stage = Stage::TimeWait) {
    Event event = client_v4();
    event.task.pid = pid;
    event.stage = stage;
    event.time_ns = 1'000'000'000;
    event.held = true;
    return event;
}

Event end(std::uint32_t pid, Reason reason, Stage stage = Stage::TimeWait) {
    Event event = entry(pid, stage);
    event.type = EventType::TimeWaitEnd;
    event.reason = reason;
    event.entered_ns = event.time_ns;
    event.time_ns += 1'200'000'000;
    return event;
}

Event start(std::uint32_t pid) {
    Event event = end(pid, Reason::None, Stage::FinWait2);
    event.type = EventType::TimeWaitStart;
    return event;
}

const Group* group_of(const Aggregator& aggregator, std::uint32_t pid) {
    for (const Group* group : aggregator.groups())
        if (group->pid.get() != nullptr && *group->pid.get() == pid)
            return group;
    return nullptr;
}

std::uint64_t ended(const Ends& ends, Reason reason) {
    return ends.ended.at(static_cast<std::size_t>(reason));
}

} // namespace

TEST_CASE("ends: present minisocks are those that entered and did not end, by group") {
    Aggregator aggregator(GroupBy::Process);
    for (int times = 0; times < 3; ++times)
        aggregator.add(entry(1));
    aggregator.add(entry(2, Stage::FinWait2));
    aggregator.add(end(1, Reason::ReusedConnect));
    aggregator.add(end(1, Reason::Expired));
    const Group* one = group_of(aggregator, 1);
    REQUIRE(one);
    REQUIRE(one->ends);
    CHECK(one->ends->present == 1);
    CHECK(ended(*one->ends, Reason::Expired) == 1);
    CHECK(ended(*one->ends, Reason::ReusedConnect) == 1);
    CHECK(one->ends->connect_us.count() == 1);
    CHECK(one->ends->connect_us.max() == 1'200'000U);
    CHECK(one->counts.time_wait == 3);
    const Group* two = group_of(aggregator, 2);
    REQUIRE(two);
    CHECK(two->ends->present == 1);
    CHECK(two->ends->fin_wait2 == 1);
    aggregator.add(start(2));
    CHECK(two->ends->present == 1);
    CHECK(two->ends->fin_wait2 == 0);
    CHECK(two->ends->started == 1);
    CHECK(aggregator.ends().present == 2);
    CHECK(aggregator.totals().time_wait == 4);
}

TEST_CASE("ends: an end without a known entry makes no group") {
    Aggregator aggregator(GroupBy::Process);
    Event unknown = end(0, Reason::Expired);
    unknown.held = false;
    aggregator.add(unknown);
    CHECK(aggregator.groups().empty());
    CHECK(aggregator.unseen_ends() == 1);
    CHECK(aggregator.ends().present == 0);
}

TEST_CASE("ends: a retracted entry is not present") {
    Aggregator aggregator(GroupBy::Process);
    aggregator.add(entry(1, Stage::FinWait2));
    Event retraction = entry(1, Stage::None);
    retraction.type = EventType::Aborted;
    retraction.retracts = true;
    aggregator.add(retraction);
    CHECK(aggregator.ends().present == 0);
    CHECK(aggregator.ends().fin_wait2 == 0);
    CHECK(aggregator.totals().time_wait == 0);
}

TEST_CASE("ends: present sockets stay present in the next interval") {
    Aggregator first(GroupBy::Process);
    first.add(entry(1));
    first.add(entry(1));
    first.add(entry(2));
    first.add(end(2, Reason::Expired));
    Aggregator next(GroupBy::Process);
    next.add(entry(1));
    next.carry_present(first);
    CHECK(next.ends().present == 3);
    REQUIRE(group_of(next, 1));
    CHECK(group_of(next, 1)->ends->present == 3);
    CHECK(group_of(next, 1)->counts.time_wait == 1);
    CHECK_FALSE(group_of(next, 2));
    Aggregator quiet(GroupBy::Process);
    quiet.carry_present(next);
    quiet.add(end(1, Reason::Expired));
    REQUIRE(group_of(quiet, 1));
    CHECK(group_of(quiet, 1)->ends->present == 2);
    CHECK(*group_of(quiet, 1)->comm.get() == "nginx");
}

TEST_CASE("ends: with more groups than the table holds, the sum stays right") {
    Aggregator aggregator(GroupBy::Process, {4, 100});
    for (std::uint32_t pid = 1; pid <= 40; ++pid)
        aggregator.add(entry(pid));
    for (std::uint32_t pid = 1; pid <= 30; ++pid)
        aggregator.add(end(pid, Reason::Expired));
    CHECK(aggregator.ends().present == 10);
    std::uint64_t present = 0;
    std::uint64_t expired = 0;
    for (const Group* group : aggregator.groups())
        if (group->ends) {
            present += group->ends->present;
            expired += ended(*group->ends, Reason::Expired);
        }
    CHECK(present == 10);
    CHECK(expired == 30);
}

TEST_CASE("ends: a row has the quantiles of reuse, and none where there was none") {
    Aggregator aggregator(GroupBy::Process);
    aggregator.add(entry(1));
    aggregator.add(end(1, Reason::ReusedSyn));
    const EndsRow row = row_of(aggregator.ends());
    CHECK(row.syn_p50_us == 1'200'000U);
    CHECK_FALSE(row.connect_p50_us);
    CHECK(row.present == 0);
}
