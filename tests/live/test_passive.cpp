// Frequent passive closes are counted in slots (src/source/passive_slots.h): exactly, and
// attributed correctly.
#include <regex>

#include "catch2.h"
#include "cgroups.h"
#include "sockets.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr std::uint64_t a_round = 200;

void close_passively(std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
        Connection c = connect_pair(Family::V4, Role::Client);
        c.active.close();
        c.passive.read_to_eof();
        c.passive.close();
    }
}

/// Counts by service, in all documents so far.
json told(const Tracer& tracer) {
    json sums = json::object();
    for (const std::string& line : lines_of(tracer.out())) {
        const json document = json::parse(line);
        for (const json& group : document.at("groups")) {
            const auto count = group.at("passive_close").get<std::uint64_t>();
            const auto service = group.at("service").get<std::string>();
            if (count > 0) {
                sums[service] = sums.value(service, std::uint64_t{0}) + count;
            }
        }
    }
    return sums;
}

/// A first round, after which this process has a slot: it is assigned when the round is reported.
void earn_a_slot(const Tracer& tracer, const std::string& service) {
    close_passively(a_round);
    await("a document", [&] { return told(tracer) == json({{service, a_round}}); });
}

std::uint64_t counted_in_slots(const CommandResult& result) {
    const std::regex words(R"((\d+) passive closes were counted in slots)");
    std::smatch found;
    REQUIRE(std::regex_search(result.err, found, words));
    return std::stoull(found[1]);
}

/// With cgroup v2 only: otherwise the cgroup is read from /proc, and cached for seconds.
Tracer summary_each_second(const TestNamespace& ns) {
    return Tracer({"summary", "-i", "1", "-g", "service", "-o", "json", "--netns", ns.path()},
                  without_cgroups("cgroup"));
}

} // namespace

TEST_CASE("passive: frequent passive closes are counted in slots, exactly", "[passive]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const std::string self = "twtrace_live_tests"; // the executable: comm is cut off
    Tracer tracer = summary_each_second(ns);
    ns.run_in([&] {
        earn_a_slot(tracer, self);
        close_passively(a_round);
        await("a document", [&] { return told(tracer) == json({{self, 2 * a_round}}); });
        close_passively(a_round); // reported at the end
        return std::string();
    });
    const CommandResult result = tracer.stop();
    INFO(result.err);
    CHECK(told(tracer) == json({{self, 3 * a_round}}));
    CHECK(counted_in_slots(result) >= 2 * a_round);
}

TEST_CASE(
    "passive: a process that has moved to another cgroup does not count in the slot of the old one",
    "[passive]") {
    if (!can_trace() || !TestCgroups::can_make()) {
        return;
    }
    const TestNamespace ns;
    TestCgroups cgroups;
    const std::string one = cgroups.make("/system.slice/one.service");
    const std::string two = cgroups.make("/system.slice/two.service");
    Tracer tracer = summary_each_second(ns);
    ns.run_in([&] {
        TestCgroups::enter(one);
        earn_a_slot(tracer, "one.service");
        close_passively(a_round);
        TestCgroups::enter(two);
        close_passively(a_round / 2);
        return std::string();
    });
    const CommandResult result = tracer.stop();
    INFO(result.err);
    CHECK(told(tracer) == json({{"one.service", 2 * a_round}, {"two.service", a_round / 2}}));
    CHECK(counted_in_slots(result) >= a_round);
}
