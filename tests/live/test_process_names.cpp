// One process has one name, regardless of the names of its threads.
#include "catch2.h"
#include "tracer.h"
#include "wait_until.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

// The executable of these tests; its comm is cut off at 15 bytes.
constexpr const char* this_program = "twtrace_live_tests";

std::vector<Job> closes_by_threads(std::size_t times) {
    return std::vector<Job>(times, Job{&closing_kind("close_by_thread"), Family::V4, Role::Client});
}

} // namespace

TEST_CASE("names: a process has one name, and the thread's name is in comm", "[names]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer = trace_all(ns);
    WorkerOptions stays;
    stays.stays = true;
    Forked worker = start_jobs(ns, closes_by_threads(100), stays);
    await("the closes", [&] { return lines_of(tracer.out()).size() >= 100; });
    let_go(worker);
    collect_jobs(worker);
    const auto closes = of_type(parse_events(tracer.stop().out), "time_wait");
    REQUIRE(closes.size() == 100);
    for (const json& event : closes) {
        INFO(event.dump());
        REQUIRE(event.at("comm") == "tw-thread");
        REQUIRE(event.at("service") == this_program);
    }
}

TEST_CASE("names: -c accepts the name of the process and of the thread", "[names]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer by_thread({"summary", "-o", "json", "--netns", ns.path(), "-c", "tw-thread"});
    Tracer by_process({"summary", "-o", "json", "--netns", ns.path(), "-c", this_program});
    Tracer by_other({"summary", "-o", "json", "--netns", ns.path(), "-c", "another-name"});
    WorkerOptions stays;
    stays.stays = true;
    Forked worker = start_jobs(ns, closes_by_threads(100), stays);
    await_stopped(worker); // its name is in /proc until the tracers have ended
    CHECK(json::parse(by_thread.stop().out).at("totals").at("time_wait") == 100);
    CHECK(json::parse(by_process.stop().out).at("totals").at("time_wait") == 100);
    const json none = json::parse(by_other.stop().out);
    let_go(worker);
    collect_jobs(worker);
    CHECK(none.at("totals").at("time_wait") == 0);
    CHECK(none.at("accounting").at("filtered") == 100);
}
