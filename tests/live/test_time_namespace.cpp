// twtrace in a time namespace: its clocks are not those of the kernel side.
#include <array>
#include <chrono>
#include <ctime>

#include "catch2.h"
#include "namespaces.h"
#include "programs.h"
#include "tracer.h"
#include "wait_until.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

std::string now_text() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%FT%T", std::gmtime(&now));
    return text.data();
}

} // namespace

TEST_CASE("time namespace: times, lifetimes and names are right", "[timens]") {
    if (!can_trace()) {
        return;
    }
    const Argv in_namespace{"unshare",    "--time", "--monotonic", "100000",
                            "--boottime", "200000", "--fork",      "--kill-child"};
    if (run_command(in_namespace + Argv{"true"}).exit_status != 0) {
        WARN("SKIP: no time namespaces here");
        return;
    }
    const TestNamespace ns;
    const std::string before = now_text();
    Tracer tracer({"trace", "-o", "json", "-w", "-n", "5", "--netns", ns.path()}, in_namespace);
    // Their process must still exist when its name is looked up. More than five, as this machine
    // may hide some.
    WorkerOptions stays;
    stays.stays = true;
    Forked worker = start_jobs(ns, jobs_of(10), stays);
    const CommandResult result = tracer.wait();
    let_go(worker);
    collect_jobs(worker);
    INFO(result.out << result.err);
    REQUIRE(result.exit_status == 0);
    const auto events = parse_events(result.out);
    REQUIRE(events.size() == 5);
    for (const json& event : events) {
        INFO(event.dump());
        const auto time = event.at("time").get<std::string>();
        CHECK(time >= before);
        CHECK(time.substr(0, 19) <= now_text());
        CHECK(event.at("lifetime_us").get<std::uint64_t>() < 60'000'000);
        CHECK(event.at("service") == "twtrace_live_tests"); // its comm has 15 characters of that
    }
}
