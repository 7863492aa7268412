#include "aggregate/ports_held.h"

#include "catch2.h"
#include "events.h"

using namespace twtrace;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

HeldKey key_of(const Event& event) {
    return {event.netns, event.remote, event.remote_port, event.local};
}

} // namespace

TEST_CASE("ports held: for a minute, by clients only", "[aggregate]") {
    PortsHeld held(10);
    Event event = test::client_v4();
    held.add(event, 5, 1, 100 * second);
    held.add(event, 2, 2, 130 * second);
    CHECK(held.towards(key_of(event)).taken == 7);
    held.move_to(165 * second);
    CHECK(held.towards(key_of(event)).taken == 2);
    held.move_to(200 * second);
    CHECK(held.towards(key_of(event)).taken == 0);
    event.role = Role::Server;
    held.add(event, 1, 1, 200 * second);
    event.role = Role::Client;
    event.type = EventType::PassiveClose;
    held.add(event, 1, 1, 200 * second);
    CHECK(held.towards(key_of(event)).taken == 0);
}

TEST_CASE("ports held: bounded", "[aggregate]") {
    PortsHeld held(2);
    Event event = test::client_v4();
    event.local_port = 0; // counted in the kernel
    for (std::uint16_t port = 1; port <= 3; ++port) {
        event.remote_port = port;
        for (std::uint32_t user = 0; user < 100; ++user)
            held.add(event, 1, user, second);
    }
    std::size_t peers = 0;
    held.each([&](const HeldKey&, const PortCount& count, const auto& users) {
        ++peers;
        CHECK(count.taken == 100);
        CHECK(users.size() == 8);
    });
    CHECK(peers == 2);
}

TEST_CASE("ports held: counted per source address, without ports that a program chose",
          "[aggregate]") {
    PortsHeld held(10);
    PortRules rules;
    rules.usable = 1000;
    rules.range = {40000, 40999};
    Event event = test::client_v4();
    held.set_rules({{event.netns, rules}});
    event.local_port = 40001;
    held.add(event, 300, 1, 100 * second);
    Event other = event;
    other.local.bytes[3] = 99;
    held.add(other, 200, 1, 100 * second);
    event.local_port = 5000; // outside the range
    held.add(event, 50, 1, 100 * second);
    CHECK(held.towards(key_of(event)).taken == 300);
    CHECK(held.towards(key_of(other)).taken == 200);
}

TEST_CASE("ports held: reusable after a second where tcp_tw_reuse is on", "[aggregate]") {
    PortsHeld held(10);
    Event event = test::client_v4();
    PortRules rules;
    rules.usable = 400;
    rules.reuse_after_s = 1;
    event.local.bytes = {10, 0, 0, 1};
    held.set_rules({{event.netns, rules}});
    for (std::uint64_t at = 100; at < 120; ++at)
        held.add(event, 100, 1, at * second);
    held.move_to(120 * second);
    const PortCount count = held.towards(key_of(event));
    CHECK(count.taken == 400); // taken over within the minute: never more than exist
    CHECK(count.held() == 100);
    rules.reuse_on_loopback_only = true; // this peer is not on loopback
    held.set_rules({{event.netns, rules}});
    CHECK(held.towards(key_of(event)).held() == 400);
}

TEST_CASE("ports held: a port that was taken over is taken once", "[aggregate]") {
    PortsHeld held(10);
    PortRules rules;
    rules.usable = 400;
    rules.reuse_after_s = 1;
    Event event = test::client_v4();
    held.set_rules({{event.netns, rules}});
    for (std::uint64_t at = 0; at < 1000; ++at) {
        event.local_port = static_cast<std::uint16_t>(40'000 + 2 * (at % 200));
        held.add(event, 1, 1, 100 * second + at * second / 100);
    }
    CHECK(held.towards(key_of(event)).taken == 200);
    CHECK(held.towards(key_of(event)).held() == 100); // only those of the last second
}

TEST_CASE("ports held: the number of known ports is bounded", "[aggregate]") {
    PortsHeld held(10, 5);
    Event event = test::client_v4();
    for (std::uint16_t port = 1; port <= 20; ++port) {
        event.local_port = port;
        held.add(event, 1, 1, 100 * second);
    }
    CHECK(held.towards(key_of(event)).taken == 20); // counted, but not by port
    event.local_port = 1;
    held.add(event, 1, 1, 200 * second); // the minute is over: ports are known again
    held.add(event, 1, 1, 200 * second);
    CHECK(held.towards(key_of(event)).taken == 1);
}

TEST_CASE("ports held: names of services that are no longer needed make room for others",
          "[aggregate]") {
    PortsHeld held(2);
    Event event = test::client_v4();
    for (std::uint64_t round = 0; round < 5; ++round) {
        const std::string service = "service" + std::to_string(round);
        event.remote_service = service;
        held.add(event, 1, 1, (100 + 100 * round) * second);
        CHECK(held.service_at(key_of(event)) == service);
    }
    event.remote_service = "another";
    held.add(event, 1, 1, 501 * second);
    event.remote_service = "one too many"; // the known name remains
    held.add(event, 1, 1, 502 * second);
    CHECK(held.service_at(key_of(event)) == "another");
}

TEST_CASE("ports held: a burst 75 s ago holds no ports", "[aggregate]") {
    PortsHeld held(10);
    const Event event = test::client_v4();
    held.add(event, 100, 1, 100 * second);
    held.move_to(175 * second);
    CHECK(held.towards(key_of(event)).taken == 0);
}
