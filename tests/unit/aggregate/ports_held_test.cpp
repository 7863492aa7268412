#include "aggregate/ports_held.h"

#include "catch2.h"
#include "events.h"

using namespace twtrace;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

HeldKey key_of(const Event& event) {
    return {event.netns, event.remote, event.remote_port};
}

} // namespace

TEST_CASE("ports held: a minute long, by clients only", "[aggregate]") {
    PortsHeld held(10);
    Event event = test::client_v4();
    held.add(event, 5, 1, 100 * second);
    held.add(event, 2, 2, 130 * second);
    CHECK(held.towards(key_of(event)) == 7);
    held.move_to(165 * second);
    CHECK(held.towards(key_of(event)) == 2);
    held.move_to(200 * second);
    CHECK(held.towards(key_of(event)) == 0);
    event.role = Role::Server;
    held.add(event, 1, 1, 200 * second);
    event.role = Role::Client;
    event.type = EventType::PassiveClose;
    held.add(event, 1, 1, 200 * second);
    CHECK(held.towards(key_of(event)) == 0);
}

TEST_CASE("ports held: bounded", "[aggregate]") {
    PortsHeld held(2);
    Event event = test::client_v4();
    for (std::uint16_t port = 1; port <= 3; ++port) {
        event.remote_port = port;
        for (std::uint32_t user = 0; user < 100; ++user)
            held.add(event, 1, user, second);
    }
    std::size_t peers = 0;
    held.each([&](const HeldKey&, std::uint64_t sum, const auto& users) {
        ++peers;
        CHECK(sum == 100);
        CHECK(users.size() == 8);
    });
    CHECK(peers == 2);
}
