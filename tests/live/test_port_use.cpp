// Port use: taken ports, and those that connect() may take over (tcp_tw_reuse).
#include <unistd.h>

#include "catch2.h"
#include "doctor.h"
#include "witness.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

// Makes a TIME_WAIT reusable after a millisecond; prints a message and returns false if that can't
// be set.
bool reuse_at_once(const TestNamespace& ns) {
    if (access("/proc/sys/net/ipv4/tcp_tw_reuse_delay", F_OK) != 0) {
        WARN("SKIP: this kernel has no tcp_tw_reuse_delay");
        return false;
    }
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "1");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse_delay", "1");
    return true;
}

json summary_of(const TestNamespace& ns, const std::function<void()>& load) {
    Tracer tracer({"summary", "-o", "json", "-d", "60", "--netns", ns.path()});
    load();
    const CommandResult result = tracer.stop();
    INFO(result.err);
    return json::parse(result.out);
}

bool mentions(const json& lines, const std::string& part) {
    return lines.dump().find(part) != std::string::npos;
}

// Makes connections without timestamps, as with a peer that has none. The kernel reads the setting
// at each SYN.
void without_timestamps(const TestNamespace& ns, const std::function<void()>& load) {
    ns.set_sysctl("net.ipv4.tcp_timestamps", "0");
    load();
    ns.set_sysctl("net.ipv4.tcp_timestamps", "1");
}

} // namespace

TEST_CASE("port use: an entry contains whether its connection had TCP timestamps", "[port-use]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const std::vector<Job> jobs{{&closing_kind("shutdown_then_peer_closes"), Family::V4}};
    Tracer tracer = trace_all(ns);
    run_jobs(ns, jobs);
    without_timestamps(ns, [&] { run_jobs(ns, jobs); });
    const auto events = parse_events(tracer.stop().out);
    REQUIRE(events.size() == 4); // both ends
    for (std::size_t index = 0; index < events.size(); ++index) {
        INFO(events[index].dump());
        CHECK(events[index].at("timestamps") == (index < 2));
    }
}

TEST_CASE("port use: a port that connect() took over is taken once", "[port-use]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    if (!reuse_at_once(ns)) {
        return;
    }
    ns.set_sysctl("net.ipv4.ip_local_port_range", "50000 50999");
    const auto before = ns.counters();
    const Witness witness;
    // connect() tries the ports of one parity and takes them over.
    const json document = summary_of(ns, [&] { connect_and_close(ns, 2000); });
    const std::uint64_t hidden = witness.hidden_entries();
    CHECK(document.at("totals").at("time_wait") <= 2000);
    CHECK(document.at("totals").at("time_wait") >= 2000 - hidden);
    const auto present = ns.counters().present - before.present;
    const json& peer = document.at("groups").at(0).at("peers").at(0);
    INFO(peer.dump());
    CHECK(present < 1000);
    CHECK(peer.at("port_use").get<double>() ==
          Approx(static_cast<double>(present) / 1000).margin(static_cast<double>(hidden) / 1000));
}

TEST_CASE("port use: the doctor takes connections without timestamps into account",
          "[port-use][doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "50000 50199");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "1");
    const Diagnosis filling =
        diagnose(ns, [&] { without_timestamps(ns, [&] { connect_and_close(ns, 150); }); });
    INFO(filling.ids());
    const json* finding = filling.finding("no-timestamps");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("severity") == "critical");
    CHECK(finding->at("numbers").at("without_timestamps") == 150);
    CHECK(finding->at("numbers").at("reusable") == 0);
    CHECK(finding->at("numbers").at("taken") == 150);
    REQUIRE(filling.finding("ports-running-out") != nullptr);
    CHECK_FALSE(mentions(filling.finding("ports-running-out")->at("fix"), "tcp_tw_reuse=1"));
    const Diagnosis well = diagnose(ns, [&] { connect_and_close(ns, 10); });
    INFO(well.ids());
    CHECK(well.finding("no-timestamps") == nullptr);
}

TEST_CASE("port use: sockets that a failed connect() did not take over have no timestamps",
          "[port-use][doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    if (!reuse_at_once(ns)) {
        return;
    }
    ns.set_sysctl("net.ipv4.ip_local_port_range", "50000 50019");
    without_timestamps(ns, [&] { connect_and_close(ns, 20); });
    // Nothing closes while the doctor runs.
    const Diagnosis failing = diagnose(ns, [&] { CHECK_THROWS(connect_and_close(ns, 1)); });
    INFO(failing.ids());
    const json* finding = failing.finding("no-timestamps");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("numbers").at("passed_over") == 20);
    const json* no_port = failing.finding("no-free-port");
    REQUIRE(no_port != nullptr);
    CHECK(no_port->at("numbers").at("reusable") == 0);
    CHECK_FALSE(mentions(no_port->at("fix"), "tcp_tw_reuse=1"));
}
