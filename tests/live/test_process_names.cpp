// One process has one name, regardless of the names of its threads.
#include "catch2.h"
#include "doctor.h"
#include "exporter.h"
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

TEST_CASE("names: doctor and exporter name the process, not its thread", "[names]") {
    if (!can_trace()) {
        return;
    }
    constexpr std::size_t times = 100;
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "50000 50119");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "0");
    const Exporter exporter(ns);
    const std::string counter = "twtrace_time_wait_entered_total";
    WorkerOptions stays;
    stays.stays = true;
    stays.listen_port = 7000;
    const Diagnosis diagnosis = diagnose(ns, [&] {
        Forked worker = start_jobs(ns, closes_by_threads(times), stays);
        await("the exporter counts the closes",
              [&] { return sum_of(exporter.scrape(), counter) >= times; });
        let_go(worker);
        collect_jobs(worker);
    });
    INFO(diagnosis.document.dump(2));
    const Scrape scrape = exporter.scrape();
    CHECK(sum_of(scrape, counter, {std::string("service=\"") + this_program + "\""}) >= times);
    CHECK(sum_of(scrape, counter, {"tw-thread"}) == 0);
    REQUIRE(!diagnosis.document.at("findings").empty());
    CHECK(diagnosis.document.at("findings").dump().find(this_program) != std::string::npos);
    CHECK(diagnosis.document.at("findings").dump().find("tw-thread") == std::string::npos);
}
