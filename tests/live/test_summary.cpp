// The summary against the kernel's counters and the known closers.
#include <map>

#include "catch2.h"
#include "match.h"
#include "tracer.h"
#include "witness.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

std::vector<Job> repeat(const std::string& kind, std::size_t times) {
    return std::vector<Job>(times, Job{&closing_kind(kind), Family::V4, Role::Client});
}

std::map<int, std::uint64_t> by_pid(const std::vector<Expected>& events, const std::string& type) {
    std::map<int, std::uint64_t> counts;
    for (const Expected& event : events) {
        counts[event.task.pid] += event.outcome.type == type ? 1 : 0;
    }
    std::erase_if(counts, [](const auto& entry) { return entry.second == 0; });
    return counts;
}

// A process may be in several groups (one per role).
std::map<int, std::uint64_t> by_pid(const json& summary, const std::string& type) {
    std::map<int, std::uint64_t> counts;
    for (const json& group : summary.at("groups")) {
        if (group.at(type).get<std::uint64_t>() > 0) {
            counts[group.at("pid").get<int>()] += group.at(type).get<std::uint64_t>();
        }
    }
    return counts;
}

/// -w: a row for each process.
std::vector<std::string> summary_of(const TestNamespace& ns) {
    return {"summary", "-w", "-o", "json", "--netns", ns.path()};
}

} // namespace

TEST_CASE("summary: totals equal the kernel's counters, and groups name the closers", "[summary]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Witness witness;
    Tracer tracer(summary_of(ns));
    const KernelCounters before = ns.counters();
    auto expected = run_jobs(ns, quick_jobs());
    const KernelCounters rise = ns.counters() - before;
    const std::uint64_t hidden = witness.take_hidden(expected);
    const CommandResult result = tracer.stop();
    INFO(result.out << "\nstderr: " << result.err);
    REQUIRE(result.exit_status == 0);
    const json summary = json::parse(result.out);
    CHECK(summary.at("schema") == "twtrace.summary/1");
    const json& totals = summary.at("totals");
    require_equal_to_kernel(totals.at("time_wait").get<std::uint64_t>(), rise, hidden);
    for (const char* type : {"time_wait", "aborted", "passive_close"}) {
        INFO(type);
        CHECK(totals.at(type) == count_type(expected, type));
        CHECK(by_pid(summary, type) == by_pid(expected, type));
    }
    CHECK(totals.at("port_exhausted") == 0);
    const json& accounting = summary.at("accounting");
    if (hidden == 0) {
        CHECK(accounting.at("exact") == true);
        CHECK(accounting.at("unaccounted") == 0);
    }
    CHECK(accounting.at("lost") == 0);
    CHECK(accounting.at("kernel") == rise.scheduled());
}

TEST_CASE("summary: a process that has ended keeps its name", "[summary]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer(summary_of(ns));
    const auto expected = run_jobs(ns, repeat("close_with_hostile_name", 5));
    const json summary = json::parse(tracer.stop().out);
    std::map<int, std::string> names;
    for (const json& group : summary.at("groups")) {
        if (group.at("time_wait") == 1) {
            names[group.at("pid").get<int>()] = group.at("comm").get<std::string>();
        }
    }
    std::map<int, std::string> want;
    for (const Expected& event : expected) {
        if (event.outcome.type == "time_wait") {
            want[event.task.pid] = event.task.comm;
        }
    }
    CHECK(names == want);
}

TEST_CASE("summary: -d ends it after the given time", "[summary]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    auto arguments = summary_of(ns);
    arguments.insert(arguments.end(), {"-d", "2"});
    const Witness witness;
    Tracer tracer(arguments);
    run_jobs(ns, repeat("shutdown_then_peer_closes", 50)); // the last ones may be too late
    const CommandResult result = tracer.wait();
    CHECK(result.exit_status == 0);
    const json summary = json::parse(result.out);
    const auto told = summary.at("totals").at("time_wait").get<std::uint64_t>();
    const auto kernel = summary.at("accounting").at("kernel").get<std::uint64_t>();
    CHECK(kernel > 0);
    CHECK(told <= kernel);
    CHECK(told + witness.hidden_entries() >= kernel);
    CHECK(summary.at("duration_s").get<double>() >= 1.9);
}

TEST_CASE("summary: the accounting of a namespace excludes closes in other namespaces",
          "[summary]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TestNamespace other;
    Tracer tracer(summary_of(ns));
    run_jobs(other, repeat("shutdown_then_peer_closes", 40));
    run_jobs(ns, repeat("shutdown_then_peer_closes", 10));
    run_jobs(other, repeat("shutdown_then_peer_closes", 40));
    const json summary = json::parse(tracer.stop().out);
    CHECK(summary.at("totals").at("time_wait") == 10);
    INFO(summary.at("accounting").dump());
    CHECK(summary.at("accounting").at("kernel") == 10);
    CHECK(summary.at("accounting").at("exact") == true);
}

TEST_CASE("summary: without events", "[summary]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer(summary_of(ns));
    const CommandResult result = tracer.stop();
    CHECK(result.exit_status == 0);
    const json summary = json::parse(result.out);
    CHECK(summary.at("totals").at("time_wait") == 0);
    CHECK(summary.at("groups").empty());
    CHECK(summary.at("accounting").at("exact") == true);
}

TEST_CASE("summary: with -i each event is in exactly one document, each document in one line",
          "[summary]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer({"summary", "-i", "1", "-o", "json", "--netns", ns.path()});
    const auto documents = [&] {
        std::vector<json> parsed;
        for (const std::string& line : lines_of(tracer.out())) {
            parsed.push_back(json::parse(line));
        }
        return parsed;
    };
    const auto closed = [](const std::vector<json>& all) {
        std::uint64_t sum = 0;
        for (const json& document : all) {
            sum += document.at("totals").at("time_wait").get<std::uint64_t>();
        }
        return sum;
    };
    std::uint64_t want = 0;
    for (const std::size_t times : {30U, 40U, 50U}) {
        run_jobs(ns, repeat("shutdown_then_peer_closes", times));
        want += times;
        if (times != 50) { // the last ones are in the last document
            await("a document", [&] { return closed(documents()) == want; });
        }
    }
    CHECK(tracer.stop().exit_status == 0);
    const auto all = documents();
    CHECK(closed(all) == want);
    REQUIRE(all.size() >= 3);
    std::uint64_t kernel = 0;
    std::string end = all.front().at("start");
    for (const json& document : all) {
        INFO(document.dump());
        CHECK(document.at("start") == end);
        end = document.at("end");
        const json& accounting = document.at("accounting");
        kernel += accounting.at("kernel").get<std::uint64_t>();
        CHECK(accounting.at("captured") == document.at("totals").at("time_wait"));
        // A close at a boundary may be counted on its other side, which the document then reports.
        const bool equal = accounting.at("kernel") == accounting.at("captured");
        CHECK(accounting.at("exact") == equal);
        CHECK(accounting.at("reasons").empty() == equal);
    }
    CHECK(kernel == ns.counters().scheduled());
}

TEST_CASE("summary: port use is relative to the namespace's own range and names the source address",
          "[summary]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "40000 40099");
    ns.set_sysctl("net.ipv4.ip_local_reserved_ports", "40090-40099");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "0");
    Tracer tracer(summary_of(ns));
    run_jobs(ns, repeat("shutdown_then_peer_closes", 45));
    const CommandResult result = tracer.stop();
    INFO(result.out << "\nstderr: " << result.err);
    const json summary = json::parse(result.out);
    const json client = summary.at("groups").at(0); // most time-waits first
    REQUIRE(client.at("peers").size() == 1);
    const json peer = client.at("peers").at(0);
    CHECK(peer.at("port_use") == 0.5);
    CHECK(peer.at("port_use_reusable") == 0);
    CHECK(peer.at("port_use_source") == "127.0.0.1");
}
