#include "catch2.h"

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "source/passive_slots.h"

using namespace twtrace;

namespace {

// Simulates the kernel side, on two CPUs.
struct Shared {
    std::array<twtrace_passive_slot, TWTRACE_PASSIVE_SLOTS> slots{};
    std::array<twtrace_passive_counts, 2> counts{};

    PassiveSlotsView view() { return {slots, counts}; }
    /// Like bpf/passive.bpf.h; false: counted in the table.
    bool count(std::size_t cpu, const twtrace_overflow_key& key, std::uint64_t times) {
        const auto index = twtrace_slot_of(key.task.pid, key.local_port, key.role);
        if (slots[index].used == 0 || slots[index].task.pid != key.task.pid)
            return false;
        counts[cpu].count[index] += times;
        return true;
    }
};

twtrace_overflow_key server(std::uint32_t pid, std::uint16_t port = 80) {
    twtrace_overflow_key key{};
    key.task.pid = pid;
    key.task.start_boottime_ns = 7;
    key.task.cgroup_id = 8;
    key.task.uid = 9;
    key.task.parent_pid = 10;
    std::memcpy(key.task.comm, "nginx", 5);
    key.netns = 11;
    key.local_port = port;
    key.type = TWTRACE_PASSIVE_CLOSE;
    key.family = 6;
    key.how = TWTRACE_HOW_CLOSE;
    key.role = TWTRACE_ROLE_SERVER;
    return key;
}

void offer(PassiveSlots& slots, const twtrace_overflow_key& key, std::uint64_t count = 100) {
    const std::vector<OverflowCount> counted{{key, count}};
    slots.offer(counted);
}

std::vector<OverflowCount> take(PassiveSlots& slots) {
    std::vector<OverflowCount> counted;
    slots.take(counted);
    return counted;
}

bool equal(const twtrace_overflow_key& one, const twtrace_overflow_key& other) {
    return std::memcmp(&one, &other, sizeof(one)) == 0;
}

} // namespace

TEST_CASE("passive slots: a frequent kind is counted there, once, on all CPUs", "[source]") {
    Shared shared;
    PassiveSlots slots(shared.view());
    CHECK_FALSE(shared.count(0, server(1), 1));
    offer(slots, server(1));
    CHECK(take(slots).empty());
    REQUIRE(shared.count(0, server(1), 3));
    REQUIRE(shared.count(1, server(1), 4));
    const auto counted = take(slots);
    REQUIRE(counted.size() == 1);
    CHECK(counted[0].count == 7);
    CHECK(equal(counted[0].key, server(1)));
    CHECK(take(slots).empty());
    CHECK(slots.total() == 7);
}

TEST_CASE("passive slots: a client's key is unchanged", "[source]") {
    Shared shared;
    PassiveSlots slots(shared.view());
    twtrace_overflow_key client = server(1);
    client.role = TWTRACE_ROLE_CLIENT;
    client.remote_port = std::exchange(client.local_port, 0);
    offer(slots, client);
    shared.counts[1].count[twtrace_slot_of(1, 80, TWTRACE_ROLE_CLIENT)] = 5;
    const auto counted = take(slots);
    REQUIRE(counted.size() == 1);
    CHECK(equal(counted[0].key, client));
}

TEST_CASE("passive slots: none for rare kinds, kinds with a remote address and other events",
          "[source]") {
    Shared shared;
    PassiveSlots slots(shared.view());
    offer(slots, server(1), 49);
    auto key = server(2);
    key.remote_addr[15] = 1;
    offer(slots, key);
    key = server(3);
    key.type = TWTRACE_ABORTED;
    offer(slots, key);
    for (const auto& slot : shared.slots)
        CHECK(slot.used == 0);
}

TEST_CASE("passive slots: a slot is kept as long as it is used", "[source]") {
    Shared shared;
    PassiveSlots slots(shared.view());
    const auto first = server(1);
    const auto second = server(1 + TWTRACE_PASSIVE_SLOTS);
    offer(slots, first);
    for (int reading = 0; reading < 50; ++reading) {
        offer(slots, second);
        REQUIRE(shared.count(0, first, 1));
        CHECK(take(slots).size() == 1);
    }
    CHECK_FALSE(shared.count(0, second, 1));
}

TEST_CASE("passive slots: an unused slot is withdrawn, and assigned again after ten more reads",
          "[source]") {
    Shared shared;
    PassiveSlots slots(shared.view());
    const auto first = server(1);
    const auto second = server(1 + TWTRACE_PASSIVE_SLOTS);
    const auto index = twtrace_slot_of(1, 80, TWTRACE_ROLE_SERVER);
    offer(slots, first);
    REQUIRE(shared.count(0, first, 2));
    CHECK(take(slots).size() == 1);
    for (int reading = 0; reading < 10; ++reading) {
        REQUIRE(shared.slots[index].used == 1);
        CHECK(take(slots).empty());
    }
    REQUIRE(shared.slots[index].used == 0);
    // A program that had found the slot earlier counts now.
    shared.counts[1].count[index] += 1;
    offer(slots, second);
    const auto late = take(slots);
    REQUIRE(late.size() == 1);
    CHECK(late[0].count == 1);
    CHECK(equal(late[0].key, first));
    for (int reading = 0; reading < 10; ++reading) {
        offer(slots, second);
        REQUIRE(shared.slots[index].used == 0);
        CHECK(take(slots).empty());
    }
    offer(slots, second);
    REQUIRE(shared.count(0, second, 5));
    const auto counted = take(slots);
    REQUIRE(counted.size() == 1);
    CHECK(counted[0].count == 5);
    CHECK(equal(counted[0].key, second));
}

TEST_CASE("passive slots: without slots nothing is counted", "[source]") {
    PassiveSlots slots;
    offer(slots, server(1));
    CHECK(take(slots).empty());
}
