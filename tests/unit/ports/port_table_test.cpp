#include "ports/port_table.h"

#include "catch2.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t now = 1000 * second;
const Address here = address("10.0.0.1");
const Address there = address("10.0.0.2");

PortRules reuse_rules() {
    PortRules rules;
    rules.usable = 1000;
    rules.reuse_after_s = 1;
    return rules;
}

HeldPort held(std::uint16_t port, std::uint64_t age_s, std::optional<bool> timestamps = true,
              PortHolder holder = PortHolder::TimeWait) {
    return {port, holder, timestamps, now - age_s * second};
}

PortCount count(const PortTable& table, std::uint64_t at_ns = now,
                const PortRules& rules = reuse_rules()) {
    return table.count(at_ns, rules, here, there);
}

} // namespace

TEST_CASE("port table: each port once, with its latest holder", "[ports]") {
    PortTable table;
    CHECK(table.empty());
    for (std::uint32_t round = 0; round < 3; ++round)
        for (std::uint32_t port = 1; port <= 65'535; ++port)
            table.add(held(static_cast<std::uint16_t>(port), 2));
    CHECK(table.size() == 65'535);
    PortRules rules = reuse_rules();
    rules.usable = 0;
    CHECK(count(table, now, rules).taken == 65'535);
    table.forget_older(now + 59 * second);
    CHECK(table.empty());
}

TEST_CASE("port table: reusable are those in TIME_WAIT that had timestamps, after a second",
          "[ports]") {
    PortTable table;
    table.add(held(1, 2));
    table.add(held(2, 0)); // too young
    table.add(held(3, 2, true, PortHolder::FinWait2));
    table.add(held(4, 2, false));
    table.add(held(5, 2, true, PortHolder::Open));
    CHECK(count(table).taken == 5);
    CHECK(count(table).reusable == 1);
    CHECK(count(table).held() == 4);
    CHECK(count(table).open == 1);
    CHECK(count(table).without_timestamps == 1);
    CHECK(count(table, now, PortRules{}).reusable == 0); // tcp_tw_reuse is off
    PortRules loopback = reuse_rules();
    loopback.reuse_on_loopback_only = true;
    CHECK(count(table, now, loopback).reusable == 0);
    CHECK(count(table, now + second).reusable == 2);
    CHECK(count(table, now + 59 * second).taken == 2); // the youngest and the open one
}

TEST_CASE("port table: unknown timestamps are inferred from the other entries", "[ports]") {
    PortTable table;
    table.add(held(1, 2, std::nullopt));
    CHECK(count(table).reusable == 1);
    table.add(held(2, 2, false));
    CHECK(count(table).reusable == 0);
    table.add(held(3, 2, true));
    CHECK(count(table).reusable == 2);
}

TEST_CASE("port table: ports that are not known are counted individually", "[ports]") {
    PortTable table;
    table.add(held(0, 10), 300);
    table.add(held(0, 10), 200);
    CHECK_FALSE(table.empty());
    CHECK(table.size() == 0);
    CHECK(count(table).taken == 500);
    CHECK(count(table).reusable == 500);
    table.add(held(0, 0, false), 700); // more than exist: some were taken over
    CHECK(count(table).taken == 1000);
    CHECK(count(table).held() == 700);
    table.forget_older(now + 61 * second);
    CHECK(table.empty());
}

TEST_CASE("port table: by age", "[ports]") {
    PortTable table;
    table.add(held(1, 0));
    table.add(held(2, 0, true, PortHolder::Open));
    table.add(held(3, 7));
    table.add(held(4, 7));
    const auto ages = table.by_age(now);
    CHECK(ages[0] == 1);
    CHECK(ages[7] == 2);
}
