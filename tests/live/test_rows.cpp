// Each kind of closing alone: exactly the expected events, with every field correct.
#include "catch2.h"
#include "match.h"
#include "tracer.h"
#include "witness.h"
#include "worker.h"

using namespace live;

namespace {

// One twtrace per kind, not per connection, because attaching is slow.
void judge(const ClosingKind& kind) {
    const TestNamespace ns;
    if (kind.needs_slow_lane && !ns.add_slow_lane()) {
        WARN("SKIP: no sch_htb or no tc here: " << kind.name);
        return;
    }
    std::vector<Job> jobs;
    for (const Job& job : all_jobs(true)) {
        if (job.kind == &kind) {
            jobs.push_back(job);
        }
    }
    const Witness witness;
    Tracer tracer = trace_all(ns);
    const KernelCounters before = ns.counters();
    std::vector<Expected> expected = run_jobs(ns, jobs);
    const KernelCounters rise = ns.counters() - before;
    const CommandResult result = tracer.stop();
    INFO("stderr: " << result.err);
    CHECK(result.exit_status == 0);
    auto events = parse_events(result.out);
    fold_late_resets(events);
    const std::uint64_t hidden = witness.take_hidden(expected);
    require_no_difference(expected, events, ns.inode());
    require_equal_to_kernel(events, rise, hidden, uncounted_by_kernel(expected, rise));
}

} // namespace

TEST_CASE("rows: each kind of closing gives exactly the expected events", "[rows]") {
    if (!can_trace()) {
        return;
    }
    for (const ClosingKind& kind : closing_kinds()) {
        DYNAMIC_SECTION(kind.name) {
            judge(kind);
        }
    }
}

TEST_CASE("rows: FIN_WAIT2 is the namespace's tcp_fin_timeout, below, at and above the kernel's "
          "thresholds",
          "[rows]") {
    if (!can_trace()) {
        return;
    }
    const std::string timeout = GENERATE("1", "4", "5", "60", "120");
    const std::string expected_stage = timeout == "120" ? "time_wait" : "fin_wait2";
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_fin_timeout", timeout);
    const Witness witness;
    Tracer tracer = trace_all(ns);
    // Without the row's wait for a minisock, which a full orphan of 120 s never becomes.
    const Job job{&closing_kind(timeout == "120" ? "fin_reaches_full_orphan"
                                                 : "close_then_peer_acks_and_closes_later"),
                  Family::V4, Role::Client};
    const KernelCounters before = ns.counters();
    std::vector<Expected> expected = run_jobs(ns, std::vector<Job>(10, job));
    const KernelCounters rise = ns.counters() - before;
    auto events = parse_events(tracer.stop().out);
    fold_late_resets(events);
    INFO("tcp_fin_timeout " << timeout);
    const std::uint64_t hidden = witness.take_hidden(expected);
    require_no_difference(expected, events, ns.inode());
    require_equal_to_kernel(events, rise, hidden, uncounted_by_kernel(expected, rise));
    for (const auto& event : of_type(events, "time_wait")) {
        CHECK(event.at("stage") == expected_stage);
    }
}
