#include "catch2.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "aggregate/aggregator.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

Event of_process(std::uint32_t pid, std::uint64_t start_boottime_ns = 1) {
    Event event = client_v4();
    event.task.pid = pid;
    event.task.start_boottime_ns = start_boottime_ns;
    return event;
}

Event fin_wait2() {
    Event event = client_v4();
    event.stage = Stage::FinWait2;
    return event;
}

std::uint64_t peers_sum(const Group& group) {
    std::uint64_t sum = group.other_peers;
    for (const auto& [key, count] : group.peers)
        sum += count.time_wait;
    return sum;
}

std::size_t groups_by(GroupBy by, const std::vector<Event>& events) {
    Aggregator aggregator(by);
    for (const Event& event : events)
        aggregator.add(event);
    return aggregator.groups().size();
}

} // namespace

TEST_CASE("aggregate: every type is counted separately") {
    Aggregator aggregator(GroupBy::Process);
    Event event = client_v4();
    aggregator.add(event);
    event.stage = Stage::FinWait2;
    aggregator.add(event);
    event.stage = Stage::None;
    for (const EventType type :
         {EventType::PassiveClose, EventType::Aborted, EventType::PortExhausted}) {
        event.type = type;
        aggregator.add(event, type == EventType::Aborted ? 2 : 1);
    }
    const auto groups = aggregator.groups();
    REQUIRE(groups.size() == 1);
    for (const Counts& counts : {aggregator.totals(), groups[0]->counts}) {
        CHECK(counts.time_wait == 2);
        CHECK(counts.fin_wait2 == 1);
        CHECK(counts.passive_close == 1);
        CHECK(counts.aborted == 2);
        CHECK(counts.port_exhausted == 1);
    }
    CHECK(groups[0]->how[TWTRACE_HOW_CLOSE] == 2); // only time-waits are counted
}

TEST_CASE("aggregate: a pid that is used again is another process") {
    Aggregator aggregator(GroupBy::Process);
    aggregator.add(of_process(100, 1));
    aggregator.add(of_process(100, 1));
    aggregator.add(of_process(100, 2));
    const auto groups = aggregator.groups();
    REQUIRE(groups.size() == 2);
    CHECK(groups[0]->counts.time_wait == 2);
    CHECK(groups[1]->counts.time_wait == 1);
    CHECK(*groups[0]->pid.get() == 100);
    CHECK(*groups[1]->pid.get() == 100);
}

TEST_CASE("aggregate: what each grouping distinguishes") {
    const Event base = client_v4();
    const auto changed = [&](auto change) {
        Event event = base;
        change(event);
        return event;
    };
    static const Owner other_unit{"apache.service", "apache.service", "", "/system.slice/a"};
    static const Owner container{"0123456789ab", "", "0123456789ab", "/docker/0123456789ab"};
    const Event other_pid = changed([](Event& e) { e.task.pid = 9; });
    const Event other_owner = changed([](Event& e) { e.owner = &other_unit; });
    const Event contained = changed([](Event& e) { e.owner = &container; });
    const Event other_peer = changed([](Event& e) { e.remote = address("10.0.0.21"); });
    const Event other_service_port = changed([](Event& e) { e.remote_port = 8081; });
    const Event other_own_port = changed([](Event& e) { e.local_port = 1; });
    const Event other_netns = changed([](Event& e) { e.netns = 2; });

    CHECK(groups_by(GroupBy::Process, {base, other_pid}) == 2);
    CHECK(groups_by(GroupBy::Process, {base, other_peer, other_own_port, other_netns}) == 1);
    CHECK(groups_by(GroupBy::Service, {base, other_owner}) == 2);
    CHECK(groups_by(GroupBy::Service, {base, other_pid, other_peer}) == 1);
    CHECK(groups_by(GroupBy::Container, {base, contained}) == 2);
    CHECK(groups_by(GroupBy::Container, {base, other_owner}) == 1);
    CHECK(groups_by(GroupBy::Peer, {base, other_peer}) == 2);
    CHECK(groups_by(GroupBy::Peer, {base, other_service_port}) == 2);
    CHECK(groups_by(GroupBy::Peer, {base, other_own_port, other_pid}) == 1);
    CHECK(groups_by(GroupBy::Netns, {base, other_netns}) == 2);
    CHECK(groups_by(GroupBy::Netns, {base, other_pid, other_peer, longest_v6()}) == 2);
}

TEST_CASE("aggregate: by listener, groups differ by the accepting side's port and namespace") {
    Event web = client_v4();
    web.role = Role::Server;
    web.local_port = 80;
    Event tls = web;
    tls.local_port = 443;
    Event elsewhere = web;
    elsewhere.netns = 2;
    Event other_client = web;
    other_client.remote_port = 3;
    CHECK(groups_by(GroupBy::Listener, {web, tls}) == 2);
    CHECK(groups_by(GroupBy::Listener, {web, elsewhere}) == 2);
    CHECK(groups_by(GroupBy::Listener, {web, other_client}) == 1);
    CHECK(groups_by(GroupBy::Listener, {client_v4(), of_process(5)}) == 1);
}

TEST_CASE("aggregate: without an owner the service is the process's name") {
    Event event = client_v4();
    event.owner = nullptr;
    Event other = event;
    set_comm(other, "curl");
    CHECK(groups_by(GroupBy::Service, {event, other}) == 2);
    Aggregator aggregator(GroupBy::Service);
    aggregator.add(event);
    CHECK(*aggregator.groups()[0]->service.get() == "nginx");
}

TEST_CASE("aggregate: a group has the values that all of its events share") {
    Aggregator aggregator(GroupBy::Netns);
    aggregator.add(of_process(1));
    aggregator.add(of_process(1));
    CHECK(*aggregator.groups()[0]->pid.get() == 1);
    CHECK(*aggregator.groups()[0]->comm.get() == "nginx");
    CHECK(*aggregator.groups()[0]->role.get() == Role::Client);
    CHECK(*aggregator.groups()[0]->remote.get() == address("10.0.0.20"));
    aggregator.add(of_process(2));
    aggregator.add(of_process(1)); // a repeated value does not undo that several were seen
    const Group& group = *aggregator.groups()[0];
    CHECK(group.pid.get() == nullptr);
    CHECK(*group.comm.get() == "nginx");
    CHECK(*group.unit.get() == "nginx.service");
    CHECK(*group.netns.get() == 4026531840U);
}

TEST_CASE("aggregate: a process has one name, regardless of the names of its threads") {
    const auto thread = [](std::uint32_t tid, const char* comm) {
        Event event = client_v4();
        event.owner = nullptr;
        event.task.tid = tid;
        set_comm(event, comm);
        return event;
    };
    Aggregator aggregator(GroupBy::Process);
    aggregator.add(thread(2000, "pool-1-thread-1"));
    aggregator.add(thread(2001, "pool-1-thread-2"));
    const Group& group = *aggregator.groups()[0];
    CHECK(*group.service.get() == "pool-1-thread-1");
    CHECK(group.comm.get() == nullptr);
    aggregator.add(thread(1234, "java"));
    aggregator.add(thread(2002, "pool-1-thread-3"));
    CHECK(*group.service.get() == "java");
    aggregator.add(thread(1234, "after-exec"));
    CHECK(*group.service.get() == "after-exec");
}

TEST_CASE("aggregate: groups beyond the bound are 'other', and every total is exact") {
    constexpr std::uint64_t processes = 1000;
    Aggregator aggregator(GroupBy::Process, {10, 50'000});
    std::uint64_t added = 0;
    for (std::uint32_t pid = 1; pid <= processes; ++pid) {
        aggregator.add(of_process(pid), pid);
        added += pid;
    }
    const auto groups = aggregator.groups();
    REQUIRE(groups.size() <= 11);
    CHECK(groups.back()->is_other);
    CHECK(groups.back()->pid.get() == nullptr);
    std::uint64_t sum = 0;
    for (const Group* group : groups) {
        sum += group->counts.time_wait;
        CHECK(peers_sum(*group) == group->counts.time_wait);
        CHECK((group == groups.back()) == group->is_other);
    }
    CHECK(sum == added);
    CHECK(aggregator.totals().time_wait == added);
}

TEST_CASE("aggregate: a late group that grows large is not 'other'") {
    Aggregator aggregator(GroupBy::Process, {100, 50'000});
    for (std::uint32_t pid = 1; pid <= 1000; ++pid)
        aggregator.add(of_process(pid), 2);
    for (std::uint32_t round = 0; round < 1000; ++round) {
        aggregator.add(of_process(5000));           // a constant one
        aggregator.add(of_process(10'000 + round)); // among many that occur once
    }
    const auto groups = aggregator.groups();
    CHECK(*groups[0]->pid.get() == 5000);
    CHECK(groups[0]->counts.time_wait == 1000);
    CHECK(aggregator.totals().time_wait == 4000);
}

TEST_CASE("aggregate: of groups of one size those unchanged for longest are replaced") {
    Aggregator aggregator(GroupBy::Process, {8, 50'000});
    for (std::uint32_t pid = 1; pid <= 8; ++pid)
        aggregator.add(of_process(pid));
    for (std::uint32_t pid = 20; pid < 24; ++pid)
        aggregator.add(of_process(pid));
    std::vector<std::uint32_t> left;
    for (const Group* group : aggregator.groups())
        if (!group->is_other)
            left.push_back(*group->pid.get());
    CHECK(left == std::vector<std::uint32_t>{5, 6, 7, 8, 20, 21, 22, 23});
}

TEST_CASE("aggregate: 'other' takes over all counts of a group") {
    Aggregator aggregator(GroupBy::Process, {1, 50'000});
    aggregator.add(of_process(1));
    Event event = fin_wait2();
    event.task.pid = 1;
    aggregator.add(event, 2);
    aggregator.add(of_process(2));
    const Group& other = *aggregator.groups().back();
    REQUIRE(other.is_other);
    CHECK(*other.pid.get() == 1); // so far it has only this process
    CHECK(other.counts.time_wait == 3);
    CHECK(other.counts.fin_wait2 == 2);
    CHECK(other.how[TWTRACE_HOW_CLOSE] == 3);
    CHECK(other.lifetime_us->count() == 3);
    CHECK(peers_sum(other) == 3);

    // It returns, and a retraction of an earlier event applies to its present group.
    Event retraction = retraction_of(event);
    retraction.task.pid = 1;
    retraction.task.start_boottime_ns = event.task.start_boottime_ns;
    aggregator.add(retraction);
    CHECK(aggregator.totals().time_wait == 3);
    CHECK(other.counts.fin_wait2 == 1);
    CHECK(other.pid.get() == nullptr); // the second one has been evicted
}

TEST_CASE("aggregate: a late peer that grows large is not among the others") {
    Aggregator aggregator(GroupBy::Process, {10, 100});
    Event event = client_v4();
    for (std::uint16_t port = 1; port <= 1000; ++port) {
        event.remote_port = port;
        aggregator.add(event);
    }
    event.remote_port = 5000;
    for (std::uint16_t round = 0; round < 500; ++round) {
        aggregator.add(event);
        Event once = event;
        once.remote_port = static_cast<std::uint16_t>(10'000 + round);
        aggregator.add(once);
    }
    const Group& group = *aggregator.groups()[0];
    CHECK(group.peers.size() <= 100);
    CHECK(group.peers.at({event.remote, 5000, true}).time_wait == 500);
    CHECK(peers_sum(group) == group.counts.time_wait);
}

TEST_CASE("aggregate: beyond the bound of peers their number is kept") {
    Aggregator aggregator(GroupBy::Process, {10, 3});
    for (std::uint16_t port = 1; port <= 10; ++port) {
        Event event = client_v4();
        event.remote_port = port;
        aggregator.add(event);
        aggregator.add(event);
    }
    const Group& group = *aggregator.groups()[0];
    CHECK(group.peers.size() == 3);
    CHECK(group.other_peers == 14);
    CHECK(peers_sum(group) == group.counts.time_wait);
}

TEST_CASE("aggregate: groups are sorted largest first, and equal ones in a fixed order") {
    std::vector<std::uint32_t> pids;
    for (std::uint32_t pid = 1; pid <= 200; ++pid)
        pids.push_back(pid);
    std::vector<std::vector<std::uint32_t>> orders;
    std::mt19937 random(5);
    for (int round = 0; round < 3; ++round) {
        std::shuffle(pids.begin(), pids.end(), random);
        Aggregator aggregator(GroupBy::Process);
        for (const std::uint32_t pid : pids)
            aggregator.add(of_process(pid), pid % 7 + 1);
        std::uint64_t before = ~std::uint64_t{0};
        auto& order = orders.emplace_back();
        for (const Group* group : aggregator.groups()) {
            CHECK(group->counts.time_wait <= before);
            before = group->counts.time_wait;
            order.push_back(*group->pid.get());
        }
    }
    CHECK(orders[0] == orders[1]);
    CHECK(orders[0] == orders[2]);
}

TEST_CASE("aggregate: a retracted entry leaves only an aborted close") {
    Aggregator aggregator(GroupBy::Process);
    aggregator.add(client_v4());
    aggregator.add(fin_wait2());
    aggregator.add(retraction_of(fin_wait2()));
    const Group& group = *aggregator.groups()[0];
    for (const Counts& counts : {aggregator.totals(), group.counts}) {
        CHECK(counts.time_wait == 1);
        CHECK(counts.fin_wait2 == 0);
        CHECK(counts.aborted == 1);
    }
    CHECK(group.how[TWTRACE_HOW_CLOSE] == 1);
    CHECK(peers_sum(group) == 1);
    CHECK(group.lifetime_us->count() == 1);
}

TEST_CASE("aggregate: a peer whose only entry is retracted is not listed") {
    Aggregator aggregator(GroupBy::Process);
    aggregator.add(fin_wait2());
    aggregator.add(retraction_of(fin_wait2()));
    CHECK(aggregator.groups()[0]->peers.empty());
    CHECK(aggregator.totals().time_wait == 0);
}

TEST_CASE("aggregate: a retraction before its entry cancels the entry") {
    // The entry's record found the ring full: it is counted from the overflow table at the end.
    Aggregator aggregator(GroupBy::Process);
    aggregator.add(client_v4());
    aggregator.add(retraction_of(fin_wait2()));
    CHECK(aggregator.totals().time_wait == 1);
    CHECK(aggregator.totals().aborted == 1);
    aggregator.add(fin_wait2(), 3);
    CHECK(aggregator.totals().time_wait == 3);
    CHECK(aggregator.totals().fin_wait2 == 2);
    CHECK(aggregator.groups()[0]->counts.time_wait == 3);
    CHECK(peers_sum(*aggregator.groups()[0]) == 3);
}

TEST_CASE("aggregate: random events; the groups always add up to the totals") {
    for (const GroupBy by : {GroupBy::Process, GroupBy::Service, GroupBy::Container, GroupBy::Peer,
                             GroupBy::Listener, GroupBy::Netns}) {
        std::mt19937 random(17);
        Aggregator aggregator(by, {20, 30});
        for (int round = 0; round < 20'000; ++round) {
            Event event = random() % 2 == 0 ? client_v4() : longest_v6();
            event.type = static_cast<EventType>(1 + random() % 4);
            event.stage = event.type != EventType::TimeWait ? Stage::None
                          : random() % 2 == 0               ? Stage::TimeWait
                                                            : Stage::FinWait2;
            event.role = static_cast<Role>(random() % 3);
            event.how = static_cast<How>(random() % 5);
            event.task.pid = static_cast<std::uint32_t>(random() % 40);
            event.netns = static_cast<std::uint32_t>(random() % 40);
            event.remote_port = static_cast<std::uint16_t>(random() % 40);
            event.local_port = static_cast<std::uint16_t>(random() % 40);
            event.retracts = event.type == EventType::Aborted && random() % 4 == 0;
            aggregator.add(event, 1 + random() % 3);
        }
        Counts sum;
        for (const Group* group : aggregator.groups()) {
            sum.time_wait += group->counts.time_wait;
            sum.fin_wait2 += group->counts.fin_wait2;
            sum.aborted += group->counts.aborted;
            sum.passive_close += group->counts.passive_close;
            sum.port_exhausted += group->counts.port_exhausted;
            CHECK(group->counts.fin_wait2 <= group->counts.time_wait);
        }
        const Counts& totals = aggregator.totals();
        CHECK(sum.time_wait == totals.time_wait);
        CHECK(sum.fin_wait2 == totals.fin_wait2);
        CHECK(sum.aborted == totals.aborted);
        CHECK(sum.passive_close == totals.passive_close);
        CHECK(sum.port_exhausted == totals.port_exhausted);
        CHECK(totals.time_wait < 200'000); // no underflow
    }
}
