#include "catch2.h"

#include "aggregate/flow_groups.h"
#include "aggregate/flows.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t start = 1000 * second;

Event of_pid(std::uint32_t pid) {
    Event event = client_v4();
    event.task.pid = pid;
    event.task.tid = pid;
    return event;
}

const Flow& only(const Flows& flows) {
    REQUIRE(flows.all().size() == 1);
    return flows.all().begin()->second;
}

std::uint64_t sum_of_entries(const Flows& flows) {
    std::uint64_t sum = 0;
    for (const auto& [key, flow] : flows.all())
        sum += flow.entries.sum();
    return sum;
}

} // namespace

TEST_CASE("flows: entries of one process on one peer are one flow") {
    Flows flows(start);
    flows.add(of_pid(7), start + second);
    flows.add(of_pid(7), start + 2 * second);
    const Flow& flow = only(flows);
    CHECK(flow.key.pid == 7);
    CHECK(flow.key.service_port == 8080);
    CHECK(flow.service == "nginx.service");
    CHECK(flow.total == 2);
    CHECK(flow.entries.sum() == 2);
    CHECK(flow.how[TWTRACE_HOW_CLOSE] == 2);
}

TEST_CASE(
    "flows: a passive close makes no flow, and a connect without a port is counted separately") {
    Flows flows(start);
    Event event = of_pid(7);
    event.type = EventType::PassiveClose;
    flows.add(event, start);
    event.type = EventType::Aborted;
    flows.add(event, start);
    CHECK(flows.all().empty());
    event.type = EventType::PortExhausted;
    flows.add(event, start, 3);
    CHECK(only(flows).no_port.sum() == 3);
    CHECK(only(flows).entries.sum() == 0);
}

TEST_CASE("flows: the rate covers the last five seconds, or the time since the start") {
    Flows flows(start + second / 2);
    flows.add(of_pid(7), start + second / 2, 100);
    flows.age(start + 2 * second);
    CHECK(flows.covered_s() == Approx(1.5));
    CHECK(only(flows).rate(flows.covered_s()) == Approx(100 / 1.5));
    flows.age(start + 20 * second + second / 4);
    CHECK(flows.covered_s() == Approx(4.25));
    CHECK(only(flows).rate(flows.covered_s()) == 0);
    CHECK(only(flows).entries.sum() == 100);
}

TEST_CASE("flows: a flow is dropped after a minute without events, and not earlier") {
    Flows flows(start);
    flows.add(of_pid(7), start);
    flows.add(of_pid(8), start + 30 * second);
    flows.age(start + 59 * second);
    CHECK(flows.all().size() == 2);
    flows.age(start + 61 * second);
    CHECK(only(flows).key.pid == 8);
    flows.age(start + 91 * second);
    CHECK(flows.all().empty());
}

TEST_CASE("flows: a process has the name of its main thread") {
    Flows flows(start);
    Event event = of_pid(7);
    event.owner = nullptr;
    event.task.tid = 9;
    set_comm(event, "pool-1-thread-1");
    flows.add(event, start);
    CHECK(only(flows).service == "pool-1-thread-1");
    event.task.tid = 10;
    set_comm(event, "pool-1-thread-2");
    flows.add(event, start);
    CHECK(only(flows).service == "pool-1-thread-1");
    event.task.tid = 7;
    set_comm(event, "java");
    flows.add(event, start);
    CHECK(only(flows).service == "java");
    event.task.tid = 9;
    set_comm(event, "pool-1-thread-1");
    flows.add(event, start);
    CHECK(only(flows).service == "java");
}

TEST_CASE("flows: beyond the bound, clients lose their pids and servers their clients") {
    Flows flows(start, {10, 4});
    for (std::uint32_t pid = 1; pid <= 10; ++pid)
        flows.add(of_pid(pid), start);
    REQUIRE(flows.all().size() == 10);
    for (std::uint32_t pid = 11; pid <= 1000; ++pid)
        flows.add(of_pid(pid), start);
    CHECK(flows.all().size() == 11);
    Event server = of_pid(5000);
    server.role = Role::Server;
    for (std::uint8_t last = 0; last < 200; ++last) {
        server.remote.bytes[3] = last;
        flows.add(server, start);
    }
    CHECK(flows.all().size() == 12);
    std::uint64_t coarse_clients = 0;
    std::uint64_t coarse_servers = 0;
    for (const auto& [key, flow] : flows.all()) {
        coarse_clients += key.role == Role::Client && key.pid == 0 ? flow.total : 0;
        coarse_servers += key.role == Role::Server && key.remote.family == 0 ? flow.total : 0;
        CHECK(flow.service == "nginx.service");
    }
    CHECK(coarse_clients == 990);
    CHECK(coarse_servers == 200);
}

TEST_CASE("flows: beyond all bounds only the number is kept, and it is exact") {
    Flows flows(start, {3, 2});
    Event event = client_v4();
    for (std::uint32_t port = 1; port <= 5000; ++port) {
        event.remote_port = static_cast<std::uint16_t>(port);
        flows.add(event, start);
    }
    CHECK(flows.all().size() == 6);
    CHECK(sum_of_entries(flows) == 5000);
}

TEST_CASE("flow groups: the same flows by every grouping") {
    Flows flows(start);
    flows.add(of_pid(1), start, 10);
    flows.add(of_pid(2), start, 20);
    Event other = of_pid(2);
    other.remote_port = 5432;
    flows.add(other, start, 5);
    const auto number = [&](GroupBy by) { return groups_of(flows, by, {}).size(); };
    CHECK(number(GroupBy::Process) == 2);
    CHECK(number(GroupBy::Service) == 1);
    CHECK(number(GroupBy::Container) == 1);
    CHECK(number(GroupBy::Peer) == 2);
    CHECK(number(GroupBy::Listener) == 1);
    CHECK(number(GroupBy::Netns) == 1);
    const auto all = groups_of(flows, GroupBy::Service, {{client_v4().netns, 0.5}});
    CHECK(all[0].entries == 35);
    CHECK(all[0].present == Approx(17.5));
    CHECK(by_second(all[0])[0] == 35);
}

TEST_CASE("flows: a new rate is divided by its age, and all rates by the same time") {
    Flows flows(start);
    for (std::uint64_t at = 0; at < 10; ++at) // another process, all the time
        flows.add(of_pid(7), start + at * second);
    const std::uint64_t begin = start + 10 * second + second / 4;
    for (std::uint64_t step = 0; step < 50; ++step)
        flows.add(of_pid(8), begin + step * second / 100, 20);
    const std::uint64_t now = begin + second / 2;
    flows.age(now);
    CHECK(flows.covered_from_ns() == begin);
    CHECK(flows.covered_s() == Approx(0.5));
    double rate = 0;
    for (const FlowGroup& group : groups_of(flows, GroupBy::Process, {})) {
        rate += group.rate;
        CHECK(group.rate == (group.key.number == 8 ? Approx(2000) : Approx(0)));
    }
    CHECK(rate == Approx(2000));
}

TEST_CASE("flows: batches are averaged over five seconds") {
    Flows flows(start);
    for (std::uint64_t at = 0; at < 20; at += 2)
        flows.add(of_pid(7), start + at * second, 100);
    flows.age(start + 18 * second + second * 9 / 10);
    CHECK(flows.covered_s() == Approx(4.9));
    CHECK(only(flows).rate(flows.covered_s()) == Approx(300 / 4.9));
}

TEST_CASE("flows: a rate is divided by at least half a second") {
    Flows flows(start);
    flows.add(of_pid(7), start + 100 * second + second * 9 / 10, 500);
    flows.age(start + 101 * second);
    CHECK(flows.covered_s() == Approx(0.5));
    CHECK(only(flows).rate(flows.covered_s()) == Approx(1000));
}

TEST_CASE("flows: processes of one name and one parent with few closes each are one group") {
    static const Owner by_script{"curl", "", "", "/", "check_backend.sh", "", "curl"};
    static const Owner by_hand{"curl", "", "", "/", "bash", "", "curl"};
    Flows flows(start);
    for (std::uint32_t pid = 100; pid < 250; ++pid) {
        Event event = of_pid(pid);
        event.owner = pid < 240 ? &by_script : &by_hand;
        flows.add(event, start);
    }
    Event busy = of_pid(300);
    busy.owner = &by_script;
    flows.add(busy, start, 50);
    const auto groups = groups_of(flows, GroupBy::Process, {});
    REQUIRE(groups.size() == 3);
    for (const FlowGroup& group : groups) {
        const std::string& parent = group.flows.front()->parent;
        CHECK(group.processes == (group.entries == 50 ? 1 : parent == "bash" ? 10 : 140));
        CHECK(group.entries == (group.processes == 1 ? 50 : group.processes));
    }
}
