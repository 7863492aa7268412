#include "exporter/service_table.h"

#include <cmath>
#include <map>

#include "catch2.h"
#include "events.h"

using namespace twtrace;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

Event of(const Owner& owner) {
    Event event = test::client_v4();
    event.owner = &owner;
    return event;
}

Owner named(const std::string& name) {
    return {name, "", "", ""};
}

std::map<std::string, std::uint64_t> entered(const ServiceTable& table) {
    std::map<std::string, std::uint64_t> sums;
    table.each([&](const ServiceKey& key, const ServiceTable::Row& row) {
        for (const auto& by_how : row.counts.entered)
            for (const auto& cell : by_how)
                sums[key.service] += cell.count;
    });
    return sums;
}

} // namespace

TEST_CASE("service table: the first services have rows, the others are 'other'", "[exporter]") {
    ServiceTable table(2, 600 * second);
    for (const char* name : {"a", "b", "c", "d", "a"}) {
        const Owner owner = named(name);
        table.add(of(owner), 1, second);
    }
    CHECK(entered(table) == std::map<std::string, std::uint64_t>{{"a", 2}, {"b", 1}, {"other", 2}});
}

TEST_CASE("service table: a service with the name 'other' is 'other'", "[exporter]") {
    ServiceTable table(2, 600 * second);
    const Owner owner = named("other");
    CHECK(table.add(of(owner), 3, second) == ServiceTable::other_id);
    CHECK(entered(table) == std::map<std::string, std::uint64_t>{{"other", 3}});
}

TEST_CASE("service table: a service that becomes much busier replaces the idlest one",
          "[exporter]") {
    ServiceTable table(2, 600 * second);
    const Owner idle = named("idle");
    const Owner steady = named("steady");
    const Owner busy = named("busy");
    table.add(of(idle), 4, second);
    table.add(of(steady), 100, second);
    table.add(of(busy), 8, second); // twice as busy is not enough
    table.rank(second);
    CHECK(entered(table).contains("idle"));
    table.add(of(busy), 50, second);
    table.rank(second);
    // Its earlier events stay counted in other: that counter does not decrease.
    CHECK(entered(table) ==
          std::map<std::string, std::uint64_t>{{"steady", 100}, {"busy", 0}, {"other", 58}});
    table.add(of(busy), 7, second);
    CHECK(entered(table)["busy"] == 7);
}

TEST_CASE("service table: rows without events are removed, 'other' is kept", "[exporter]") {
    ServiceTable table(1, 600 * second);
    const Owner one = named("one");
    const Owner two = named("two");
    table.add(of(one), 1, second);
    table.add(of(two), 1, second);
    table.rank(600 * second);
    CHECK(entered(table).contains("one"));
    table.rank(602 * second);
    CHECK_FALSE(entered(table).contains("one"));
    CHECK(entered(table)["other"] == 1);
}

TEST_CASE("service table: a retracted entry is not subtracted; the next one is not counted",
          "[exporter]") {
    ServiceTable table(1, 600 * second);
    const Owner owner = named("a");
    const Event entry = of(owner);
    Event retraction = entry;
    retraction.type = EventType::Aborted;
    retraction.retracts = true;
    table.add(entry, 2, second);
    table.add(retraction, 1, second);
    CHECK(entered(table)["a"] == 2);
    table.add(entry, 1, second); // settles the outstanding retraction
    CHECK(entered(table)["a"] == 2);
    table.add(entry, 1, second);
    CHECK(entered(table)["a"] == 3);
    std::uint64_t lifetimes = 0;
    std::uint64_t aborted = 0;
    table.each([&](const ServiceKey&, const ServiceTable::Row& row) {
        aborted += row.counts.aborted;
        for (const auto& histogram : row.counts.lifetimes)
            for (const std::uint64_t count : histogram.counts)
                lifetimes += count;
    });
    CHECK(lifetimes == 3);
    CHECK(aborted == 1);
}

TEST_CASE("service table: an unknown service has an empty name, not 'other'", "[exporter]") {
    ServiceTable table(2, 600 * second);
    table.add(test::unknown_closer(), 1, second);
    CHECK(entered(table) == std::map<std::string, std::uint64_t>{{"", 1}});
}

TEST_CASE("lifetime counts: a bound belongs to its bucket", "[exporter]") {
    LifetimeCounts counts;
    counts.add(0.001, 1);
    counts.add(0.0011, 2);
    counts.add(5000, 4);
    CHECK(counts.counts.front() == 1);
    CHECK(counts.counts[1] == 2);
    CHECK(counts.counts.back() == 4);
    CHECK(std::abs(counts.sum_s - 20000.0032) < 1e-6);
}
