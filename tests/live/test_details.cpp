// Details of a process beyond its name: its parent, and on request its arguments.
#include <csignal>

#include <unistd.h>

#include "catch2.h"
#include "tracer.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

/// A child of the test that closes a connection, and then waits for a signal or ends at once.
pid_t close_in_child(const TestNamespace& ns, bool lives_on, const Tracer& tracer) {
    Forked child([&]() -> std::string {
        ns.enter();
        run_closing(closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client);
        if (lives_on) {
            pause();
        }
        return {};
    });
    const pid_t pid = child.pid();
    if (lives_on) {
        await("both ends of it", [&] { return lines_of(tracer.out()).size() >= 2; });
    } else {
        child.collect();
    }
    return pid;
}

void check_details(const std::vector<json>& events, pid_t pid, bool has_arguments) {
    REQUIRE(events.size() == 2);
    for (const json& event : events) {
        INFO(event.dump());
        CHECK(event.at("pid") == pid);
        CHECK(event.at("ppid") == getpid());
        CHECK(event.at("parent") == "twtrace_live_tests");
        if (has_arguments) {
            CHECK(event.at("cmdline").get<std::string>().find("twtrace_live_tests") !=
                  std::string::npos);
        } else {
            CHECK(event.at("cmdline").is_null());
        }
    }
}

} // namespace

TEST_CASE("details: the parent's name, and arguments only with --cmdline", "[details]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    SECTION("arguments") {
        Tracer tracer = trace_all(ns, {"--cmdline"});
        const pid_t pid = close_in_child(ns, true, tracer);
        check_details(parse_events(tracer.stop().out), pid, true);
    }
    SECTION("no arguments") {
        Tracer tracer = trace_all(ns);
        const pid_t pid = close_in_child(ns, true, tracer);
        check_details(parse_events(tracer.stop().out), pid, false);
    }
    SECTION("a process that has ended") {
        Tracer tracer = trace_all(ns, {"--cmdline"});
        tracer.command().signal(SIGSTOP);
        const pid_t pid = close_in_child(ns, false, tracer);
        tracer.command().signal(SIGCONT);
        check_details(parse_events(tracer.stop().out), pid, false);
    }
}
