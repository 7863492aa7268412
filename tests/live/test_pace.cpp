// When the reader sleeps, and which events wake it.

#include <unistd.h>

#include "catch2.h"
#include "closings.h"
#include "tracer.h"
#include "worker.h"

using namespace live;

namespace {

std::string switches_of(pid_t pid) {
    for (const std::string& line :
         lines_of(read_file("/proc/" + std::to_string(pid) + "/status"))) {
        if (line.rfind("voluntary_ctxt_switches:", 0) == 0) {
            return line;
        }
    }
    return {};
}

// With its timer it would run five times in 100 ms.
bool sleeps(Tracer& tracer) {
    const std::string before = switches_of(tracer.command().pid());
    usleep(100'000);
    return !before.empty() && switches_of(tracer.command().pid()) == before;
}

std::size_t told(const Tracer& tracer) {
    return lines_of(tracer.out()).size();
}

unsigned long woken(const CommandResult& result) {
    const std::string words = "woken by an event ";
    const std::size_t at = result.err.find(words);
    check(at != std::string::npos, "twtrace did not say how often it was woken: " + result.err);
    return std::stoul(result.err.substr(at + words.size()));
}

const Job one_close{&closing_kind("close_then_peer_closes_at_once"), Family::V4, Role::Client};

} // namespace

TEST_CASE("schedule: on a quiet host the event wakes the reader, not a timer", "[pace]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer = trace_all(ns);
    constexpr unsigned rounds = 4;
    for (unsigned round = 0; round < rounds; ++round) {
        await("the reader sleeps", [&] { return sleeps(tracer); });
        const std::size_t before = told(tracer);
        const std::size_t expected = run_jobs(ns, {one_close}).size();
        await("the event is reported", [&] { return told(tracer) == before + expected; });
    }
    const CommandResult result = tracer.stop();
    INFO(result.err);
    CHECK(result.exit_status == 0);
    CHECK(woken(result) >=
          rounds); // twice, if both ends were reported at the same moment on two CPUs
}

TEST_CASE("schedule: a stream of events does not wake the reader for each", "[pace]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer = trace_all(ns);
    const std::vector<Job> jobs(500, one_close);
    const std::size_t expected = run_jobs(ns, jobs).size();
    await("all events are reported", [&] { return told(tracer) == expected; });
    const CommandResult result = tracer.stop();
    INFO(result.err);
    CHECK(result.exit_status == 0);
    CHECK(woken(result) < jobs.size() / 10);
}
