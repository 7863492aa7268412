#include "catch2.h"

#include "aggregate/destinations.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t start = 1000 * second;
const std::uint32_t netns = client_v4().netns;

Event towards(const char* remote, std::uint16_t port = 5432) {
    Event event = client_v4();
    event.remote = address(remote);
    event.remote_port = port;
    return event;
}

RulesByNetns rules(std::uint32_t usable, std::optional<double> reuse = std::nullopt,
                   bool loopback_only = false) {
    return {{netns, {usable, reuse, loopback_only}}};
}

// Adds `rate` entries per second for this time from the start.
void enter(Flows& flows, const Event& event, std::uint32_t rate, std::uint64_t seconds) {
    for (std::uint64_t at = 0; at < seconds; ++at)
        flows.add(event, start + at * second, rate);
    flows.age(start + seconds * second - 1);
}

std::array<double, 60> steady(double rate, std::size_t seconds) {
    std::array<double, 60> entered{};
    std::fill_n(entered.begin(), seconds, rate);
    return entered;
}

} // namespace

TEST_CASE("destinations: the time until the ports of a minute are used up") {
    CHECK_FALSE(full_in_s(steady(100, 60), 100, 6001));
    CHECK_FALSE(full_in_s(steady(100, 10), 100, 6001));
    CHECK(full_in_s(steady(100, 10), 100, 2000).value() == Approx(10));
    CHECK(full_in_s(steady(100, 10), 100, 1050).value() == Approx(0.5));
    CHECK(full_in_s(steady(100, 10), 100, 1000).value() == Approx(0));
    CHECK(full_in_s(steady(100, 60), 200, 9000).value() == Approx(30)); // as many end as enter
    CHECK_FALSE(full_in_s(steady(100, 60), 0, 6001));
    CHECK_FALSE(full_in_s(steady(0, 0), 0, 1));
}

TEST_CASE("destinations: ports towards a peer are what all processes of the namespace hold") {
    Flows flows(start);
    Event event = towards("10.0.0.5");
    enter(flows, event, 100, 10);
    event.task.pid = 4321;
    flows.add(event, flows.now_ns(), 500);
    const Destinations all(flows, rules(10'000));
    const auto worst = all.worst(5);
    REQUIRE(worst.size() == 1);
    CHECK(worst[0]->ports.taken == 1500);
    CHECK(worst[0]->use.value() == Approx(0.15));
    REQUIRE(worst[0]->main_flow != nullptr);
    CHECK(worst[0]->main_flow->key.pid == 4321);
    CHECK(all.find(flows.all().begin()->first) == worst[0]);
}

TEST_CASE("destinations: a server takes no ephemeral ports") {
    Flows flows(start);
    Event event = towards("10.0.0.5");
    event.role = Role::Server;
    enter(flows, event, 100, 10);
    const Destinations all(flows, rules(10'000));
    CHECK(all.worst(5).empty());
    CHECK(all.find(flows.all().begin()->first) == nullptr);
}

TEST_CASE("destinations: a forecast at the present rate") {
    Flows flows(start);
    enter(flows, towards("10.0.0.5"), 1000, 10);
    const Destinations all(flows, rules(28'232));
    const Destination& one = *all.worst(1).front();
    CHECK_FALSE(one.reused);
    REQUIRE(one.used_up_in_s);
    CHECK(*one.used_up_in_s == Approx(18.2).margin(0.5));
}

TEST_CASE("destinations: ports that connect() takes over do not run out") {
    Flows flows(start);
    enter(flows, towards("127.0.0.1"), 1000, 10);
    enter(flows, towards("10.0.0.5"), 100, 10);
    const Destinations loopback_only(flows, rules(12'000, 1.0, true));
    const auto worst = loopback_only.worst(2);
    REQUIRE(worst.size() == 2);
    CHECK(worst[0]->key.remote == address("127.0.0.1"));
    CHECK(worst[0]->reused);
    CHECK_FALSE(worst[0]->used_up_in_s);
    // The source address is 127.0.0.1 in these events; the kernel checks it too.
    Flows remote(start);
    Event event = towards("10.0.0.5");
    event.local = address("10.0.0.1");
    enter(remote, event, 1000, 10);
    CHECK_FALSE(Destinations(remote, rules(12'000, 1.0, true)).worst(1)[0]->reused);
    CHECK(Destinations(remote, rules(12'000, 1.0)).worst(1)[0]->reused);
    // A rate at which they are too young to be taken over.
    CHECK_FALSE(Destinations(remote, rules(1200, 1.0)).worst(1)[0]->reused);
}

TEST_CASE("destinations: failures first, then exhausted ranges, then reused ones") {
    Flows flows(start);
    Event remote = towards("10.0.0.5");
    remote.local = address("10.0.0.1");
    for (std::uint64_t at = 0; at < 10; ++at) {
        flows.add(remote, start + at * second, 700);
        flows.add(towards("127.0.0.1"), start + at * second, 1000);
    }
    flows.age(start + 10 * second - 1);
    Event failing = towards("10.0.0.9");
    failing.type = EventType::PortExhausted;
    const auto first = [&] {
        return Destinations(flows, rules(12'000, 1.0, true)).worst(1)[0]->key.remote;
    };
    CHECK(first() == address("10.0.0.5"));
    flows.add(failing, flows.now_ns());
    CHECK(first() == address("10.0.0.9"));
}

TEST_CASE("destinations: sockets older than the trace hold ports until their time is over") {
    Flows flows(start);
    const HeldKey key{netns, address("10.0.0.5"), 5432, address("10.0.0.1")};
    for (std::uint16_t port = 1; port <= 1000; ++port)
        flows.inherit(
            key,
            {port, PortHolder::TimeWait, {}, start - (port <= 400 ? 39'500'000'000 : 100'000'000)});
    const auto use = [&](std::uint64_t seconds) {
        flows.age(start + seconds * second);
        const Destinations all(flows, rules(10'000));
        const auto worst = all.worst(1);
        return worst.empty() ? 0.0 : worst[0]->use.value();
    };
    CHECK(use(1) == Approx(0.1));
    CHECK(use(20) == Approx(0.1));
    CHECK(use(21) == Approx(0.06));
    CHECK(use(60) == 0);
}

TEST_CASE("destinations: without TCP timestamps nothing is taken over") {
    Flows flows(start);
    Event event = towards("127.0.0.1");
    event.timestamps = false;
    enter(flows, event, 1000, 10);
    const Destinations all(flows, rules(12'000, 1.0, true));
    const Destination& one = *all.worst(1).front();
    CHECK_FALSE(one.reused);
    CHECK(one.ports.reusable == 0);
    REQUIRE(one.used_up_in_s);
    CHECK(*one.used_up_in_s == Approx(2).margin(0.5));
}

TEST_CASE("destinations: ports that a failing connect() did not take over are not reusable") {
    Flows flows(start);
    const HeldKey key{netns, address("127.0.0.1"), 5432, address("127.0.0.1")};
    for (std::uint16_t port = 1; port <= 400; ++port)
        flows.inherit(key, {port, PortHolder::TimeWait, {}, start - 20 * second});
    flows.age(start + second);
    const auto one = [&] { return *Destinations(flows, rules(400, 1.0, true)).worst(1).front(); };
    CHECK(one().ports.reusable == 400);
    CHECK(one().reused);
    Event failing = towards("127.0.0.1");
    failing.type = EventType::PortExhausted;
    failing.reason = Reason::PortTaken; // a port chosen by the program is not counted
    flows.add(failing, flows.now_ns());
    CHECK(one().ports.reusable == 400);
    failing.reason = Reason::None;
    flows.add(failing, flows.now_ns());
    CHECK(one().ports.reusable == 0);
    CHECK_FALSE(one().reused);
}
