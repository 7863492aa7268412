#include "attribute/passive_ends.h"

#include <cstdint>
#include <string>
#include <utility>

#include "catch2.h"
#include "events.h"

using namespace twtrace;

TEST_CASE("other end: a passive close names it", "[attribute]") {
    const Event first = test::client_v4();
    Event second = first;
    second.type = EventType::PassiveClose;
    std::swap(second.local, second.remote);
    std::swap(second.local_port, second.remote_port);
    second.netns = 7; // in another container
    PassiveEnds ends;
    CHECK(ends.find(first).empty());
    ends.note(first); // not a passive close
    CHECK(ends.find(first).empty());
    second.local = test::address("10.0.0.20");
    second.remote = test::address("10.0.0.1");
    ends.note(second);
    CHECK(ends.find(first).empty()); // another address
    Event matching = first;
    matching.local = test::address("10.0.0.1");
    CHECK(ends.find(matching) == "nginx.service");
    ++matching.local_port;
    CHECK(ends.find(matching).empty());
}

TEST_CASE("other end: loopback addresses are the namespace's own", "[attribute]") {
    Event first = test::client_v4();
    first.remote = first.local;
    Event second = first;
    second.type = EventType::PassiveClose;
    std::swap(second.local_port, second.remote_port);
    PassiveEnds ends;
    ends.note(second);
    CHECK(ends.find(first) == "nginx.service");
    ++first.netns;
    CHECK(ends.find(first).empty());
}

TEST_CASE("other end: more services than the table holds", "[attribute]") {
    Owner owner;
    Event passive = test::client_v4();
    passive.type = EventType::PassiveClose;
    passive.owner = &owner;
    PassiveEnds ends;
    for (std::uint16_t number = 1; number <= 3000; ++number) {
        owner.service = "service-" + std::to_string(number);
        passive.local_port = number;
        ends.note(passive);
        Event active = passive;
        active.type = EventType::TimeWait;
        std::swap(active.local, active.remote);
        std::swap(active.local_port, active.remote_port);
        REQUIRE(ends.find(active) == owner.service);
        // The name of an earlier close is forgotten, or right.
        active.remote_port = number / 2 + 1;
        const auto earlier = ends.find(active);
        REQUIRE((earlier.empty() || earlier == "service-" + std::to_string(number / 2 + 1)));
    }
}
