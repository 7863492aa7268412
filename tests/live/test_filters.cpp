// Each filter passes what it names and nothing else.
#include <algorithm>
#include <functional>

#include "catch2.h"
#include "match.h"
#include "tracer.h"
#include "worker.h"

using namespace live;

namespace {

using Keep = std::function<bool(const Expected&)>;

constexpr std::uint16_t some_port = 7000;
constexpr std::uint16_t other_port = 7100;

std::vector<Job> jobs_of(const std::string& kind) {
    std::vector<Job> jobs;
    for (const Job& job : all_jobs(false)) {
        if (job.kind->name == kind) {
            jobs.push_back(job);
        }
    }
    return jobs;
}

/// Two workers on two ports, traced with `filter` (made from the first one's pid): the events that
/// `keep` accepts must be reported.
void judge(const std::function<std::vector<std::string>(int)>& filter,
           const std::function<bool(const Expected&, int)>& keep) {
    const TestNamespace ns;
    std::vector<Job> jobs = jobs_of("close_by_thread");
    const std::vector<Job> more = jobs_of("shutdown_then_peer_closes");
    jobs.insert(jobs.end(), more.begin(), more.end());
    WorkerOptions options;
    options.stopped = true;
    options.listen_port = some_port;
    Forked one = start_jobs(ns, jobs, options);
    options.listen_port = other_port;
    Forked two = start_jobs(ns, jobs, options);
    const int first_pid = one.pid();
    Tracer tracer = trace_all(ns, filter(first_pid));
    let_go(one);
    let_go(two);
    std::vector<Expected> expected = collect_jobs(one);
    const std::vector<Expected> others = collect_jobs(two);
    expected.insert(expected.end(), others.begin(), others.end());
    std::erase_if(expected, [&](const Expected& event) { return !keep(event, first_pid); });
    const CommandResult result = tracer.stop();
    INFO("stderr: " << result.err);
    CHECK(result.exit_status == 0);
    CHECK(!expected.empty());
    require_no_difference(expected, parse_events(result.out), ns.inode());
}

void judge_fixed(const std::vector<std::string>& filter, const Keep& keep) {
    judge([&](int) { return filter; }, [&](const Expected& event, int) { return keep(event); });
}

} // namespace

TEST_CASE("filters: -p", "[filters]") {
    if (!can_trace()) {
        return;
    }
    judge(
        [](int pid) {
            return std::vector<std::string>{"-p", std::to_string(pid)};
        },
        [](const Expected& event, int pid) { return event.task.pid == pid; });
}

TEST_CASE("filters: fixed values", "[filters]") {
    if (!can_trace()) {
        return;
    }
    SECTION("-c") {
        judge_fixed({"-c", "tw-thread"},
                    [](const Expected& event) { return event.task.comm == "tw-thread"; });
    }
    SECTION("-L") {
        judge_fixed({"-L", std::to_string(some_port)},
                    [](const Expected& event) { return event.local.port == some_port; });
    }
    SECTION("-L with a list") {
        judge_fixed({"-L", "7001,7100"}, [](const Expected& event) {
            return event.local.port == 7001 || event.local.port == 7100;
        });
    }
    SECTION("-D") {
        judge_fixed({"-D", std::to_string(some_port)},
                    [](const Expected& event) { return event.remote.port == some_port; });
    }
    SECTION("-4, v4-mapped included") {
        judge_fixed({"-4"}, [](const Expected& event) { return event.family == 4; });
    }
    SECTION("-6") {
        judge_fixed({"-6"}, [](const Expected& event) { return event.family == 6; });
    }
    SECTION("--peer, which is not --local") {
        judge_fixed({"--peer", "127.0.0.0/8"},
                    [](const Expected& event) { return event.family == 4; });
    }
    SECTION("--local, one address") {
        judge_fixed({"--local", "::1"}, [](const Expected& event) { return event.family == 6; });
    }
    SECTION("--peer, one of two") {
        judge_fixed({"--peer", "10.0.0.0/8", "--peer", "::/64"},
                    [](const Expected& event) { return event.family == 6; });
    }
    SECTION("--role") {
        judge_fixed({"--role", "server"},
                    [](const Expected& event) { return event.role == "server"; });
    }
    SECTION("two of them") {
        judge_fixed({"-6", "-D", std::to_string(other_port)}, [](const Expected& event) {
            return event.family == 6 && event.remote.port == other_port;
        });
    }
}

TEST_CASE("filters: --netns excludes other namespaces", "[filters]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TestNamespace other;
    Tracer tracer({"trace", "-o", "json", "--all", "--netns", std::to_string(ns.inode())});
    const auto jobs = jobs_of("shutdown_then_peer_closes");
    run_jobs(other, jobs);
    const auto expected = run_jobs(ns, jobs);
    require_no_difference(expected, parse_events(tracer.stop().out), ns.inode());
}

TEST_CASE("filters: -n ends after the given number", "[filters]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer({"trace", "-o", "json", "--netns", ns.path(), "-n", "3"});
    run_jobs(ns, jobs_of("shutdown_then_peer_closes"));
    const CommandResult result = tracer.wait();
    CHECK(result.exit_status == 0);
    CHECK(parse_events(result.out).size() == 3);
}

TEST_CASE("filters: -d ends after the given time", "[filters]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer({"trace", "-o", "json", "--netns", ns.path(), "-d", "1"});
    const auto start = Clock::now();
    const CommandResult result = tracer.wait();
    CHECK(result.exit_status == 0);
    CHECK(Clock::now() - start < Milliseconds(8000));
}
