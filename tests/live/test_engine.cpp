// Tests of the test engine itself, without twtrace: if they fail, the results of the other live
// tests are not valid.
#include <algorithm>

#include "catch2.h"
#include "worker.h"

using namespace live;

namespace {

bool any_doubt(const std::vector<Expected>& events) {
    return std::any_of(events.begin(), events.end(),
                       [](const Expected& event) { return event.doubtful; });
}

} // namespace

TEST_CASE(
    "the engine: each kind of closing raises the kernel's counters as in its row of the table",
    "[engine]") {
    const TestNamespace ns;
    const bool slow_lane = ns.add_slow_lane();
    if (!slow_lane) {
        WARN("no sch_htb or no tc: the simultaneous close is left out");
    }
    for (const Job& job : all_jobs(slow_lane)) {
        INFO(describe(job));
        const KernelCounters before = ns.counters();
        const std::vector<Expected> events = run_jobs(ns, {job});
        const KernelCounters rise = ns.counters() - before;
        INFO(to_string(rise));
        if (any_doubt(events)) {
            WARN("too slow to be sure: " << describe(job));
            continue;
        }
        CHECK(rise.tw == count_in(events, Counted::Tw));
        CHECK(rise.tw_killed == count_in(events, Counted::TwKilled));
        CHECK(rise.tw_overflow == 0);
    }
}

TEST_CASE("the engine: a network namespace ends with the process that holds it", "[engine]") {
    std::string path;
    {
        const TestNamespace ns;
        path = ns.path();
        CHECK(access(path.c_str(), F_OK) == 0);
        CHECK(ns.inode() != 0);
    }
    CHECK(access(path.c_str(), F_OK) != 0);
}

TEST_CASE("the engine: closes beyond tcp_max_tw_buckets are counted as overflow", "[engine]") {
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_max_tw_buckets", "5");
    const Job job{&closing_kind("close_then_peer_closes_at_once"), Family::V4, Role::Client};
    run_jobs(ns, std::vector<Job>(12, job));
    const KernelCounters rise = ns.counters();
    CHECK(rise.tw == 5);
    CHECK(rise.tw_overflow == 7);
}
