#include "catch2.h"

#include <nlohmann/json.hpp>

#include "../doctor/scene.h"
#include "golden.h"
#include "sink/doctor_sink.h"
#include "sink/host_sink.h"

using namespace twtrace;
using namespace twtrace::doctor;
using namespace twtrace::test;

namespace {

DoctorReport report_of(Observations seen) {
    DoctorReport report;
    report.host = "web1";
    report.kernel = "6.1.0-28-amd64";
    report.start_wall_ns = 1'795'338'000'000'000'000U;
    report.end_wall_ns = 1'795'338'010'000'000'000U;
    Accounting::Inputs inputs;
    inputs.captured = seen.totals.time_wait;
    inputs.kernel = seen.totals.time_wait;
    seen.accounting = Accounting::of(inputs);
    report.findings = diagnose(seen);
    report.seen = std::move(seen);
    return report;
}

// An outage, with a hostile name that contains control characters.
DoctorReport outage() {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 4700));
    seen.flows.back().service = "\x1b[2Jevil\n\"name\xff";
    seen.flows.back().no_port = 1234;
    facts(seen).ports.push_back(ports_of(28'000, 232));
    facts(seen).counts->time_wait = 28'000;
    seen.totals.time_wait = 4700;
    seen.totals.port_exhausted = 1234;
    DoctorReport report = report_of(std::move(seen));
    report.notes = {"2 other network namespaces: neither their settings nor their ports could be "
                    "read; run twtrace with sudo (CAP_SYS_ADMIN)"};
    return report;
}

std::string table(const DoctorReport& report, bool wide = false) {
    std::string text;
    append_doctor_table(report, wide, text);
    return text;
}

// The table's text without its line breaks.
std::string flat(const DoctorReport& report) {
    std::string text = table(report);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("doctor's table: golden") {
    const std::string text = table(outage());
    CHECK(text == golden("doctor-table.txt", text));
    for (const char byte : text)
        CHECK((byte == '\n' || (byte >= ' ' && byte < 0x7f)));
}

TEST_CASE("doctor's JSON: golden, and whole") {
    std::string text;
    append_doctor_json(outage(), text);
    CHECK(text == golden("doctor.json", text));
    const auto document = nlohmann::json::parse(text);
    CHECK(document.at("schema") == "twtrace.doctor/1");
    const auto& finding = document.at("findings").at(0);
    CHECK(finding.at("id") == "no-free-port");
    CHECK(finding.at("severity") == "critical");
    CHECK(finding.at("numbers").at("failed") == 1234);
    for (const auto& one : document.at("findings"))
        for (const auto& line : one.at("fix"))
            CHECK_FALSE(contains(line.get<std::string>(), "\n"));
    CHECK(finding.at("fix").at(1) == "sysctl -w net.ipv4.tcp_tw_reuse=1");
}

TEST_CASE("doctor's table: without findings, the distance from the limit is reported") {
    Observations seen = quiet_host();
    seen.totals.time_wait = 15;
    facts(seen).ports.push_back(ports_of(2823));
    const std::string text = flat(report_of(std::move(seen)));
    CHECK(contains(text, "1.5/s entries into TIME_WAIT, ports at most 9.9 % taken, towards "
                         "10.0.0.2:80: nothing to do"));
    CHECK_FALSE(contains(text, "Looked for"));
    CHECK(contains(text, "Can't be seen: connect() or bind() that fails with EADDRNOTAVAIL because "
                         "this host has no such local address"));
    CHECK(contains(text, "Accounting: exact"));
}

// On loopback, where tcp_tw_reuse is on by default, nearly all ports are reusable.
TEST_CASE("doctor's table: ports that connect() may take over are counted separately") {
    Observations seen = quiet_host();
    PortUse reused = ports_of(11'293);
    reused.reusable = 11'293;
    reused.port = 8081;
    facts(seen).ports.push_back(reused);
    CHECK(contains(flat(report_of(seen)),
                   "ports at most 40 % taken, towards 10.0.0.2:8081 (40 % reusable): nothing"));
    facts(seen).ports.push_back(ports_of(0, 1000));
    CHECK(contains(flat(report_of(seen)),
                   "ports at most 40 % taken, towards 10.0.0.2:8081 (40 % reusable), and 3.5 % "
                   "towards 10.0.0.2:80 that are not reusable"));
    facts(seen).ports.front().reusable = 100;
    CHECK_FALSE(contains(flat(report_of(seen)), "reusable"));
}

TEST_CASE("doctor's table: without events it lists the checks") {
    const std::string text = flat(report_of(quiet_host()));
    CHECK(contains(text, "No connection was closed into TIME_WAIT: observed for 10.0 s on web1"));
    CHECK(contains(text, "no ports taken: nothing to do"));
    CHECK(contains(text, "Looked for: connect() that fails"));
}

TEST_CASE("doctor's table: namespaces with very few sockets are under one percent") {
    Observations seen = quiet_host();
    facts(seen).ports_counted = false;
    CHECK(contains(flat(report_of(seen)), "ports less than 1 % taken"));
    facts(seen).settings.reset();
    CHECK(contains(flat(report_of(seen)), "ports were not counted"));
}

TEST_CASE("doctor's table: an inexact accounting is shown") {
    DoctorReport report = report_of(quiet_host());
    Accounting::Inputs inputs;
    inputs.captured = 10;
    inputs.lost = 3;
    inputs.kernel = 20;
    report.seen.accounting = Accounting::of(inputs);
    report.seen.beyond = 12'345;
    const std::string text = table(report);
    CHECK(contains(text, "Accounting: not exact: 7 of 20 unaccounted for"));
    CHECK(contains(text, "12,345 events of more peers than are kept"));
}

TEST_CASE("doctor's table: long lists are cut; -w and JSON show all") {
    Observations seen = quiet_host();
    for (std::uint16_t port = 1; port <= 8; ++port) {
        seen.flows.push_back(flow_of(Role::Client, 0));
        seen.flows.back().port = port;
        seen.flows.back().no_port = port;
    }
    const DoctorReport report = report_of(std::move(seen));
    const std::string text = table(report);
    CHECK(contains(text, "5. CRITICAL"));
    CHECK_FALSE(contains(text, "6. CRITICAL"));
    CHECK(contains(text, "10.0.0.2:8 fails")); // the worst ones are shown
    CHECK(contains(text, "... and 3 more of these kinds"));
    CHECK(contains(table(report, true), "8. CRITICAL"));
    std::string json;
    append_doctor_json(report, json);
    CHECK(nlohmann::json::parse(json).at("findings").size() == 8);
}

TEST_CASE("doctor --host: a missing feature comes with its consequence") {
    HostReport report;
    report.host = "web1";
    report.kernel = "6.1.0";
    report.checks = {{"BTF", Allowed::Yes, true, "there", "no programs"},
                     {"CAP_SYS_PTRACE", Allowed::No, false, "not held", "names are missing"},
                     {"tracefs", Allowed::Unneeded, false, "not mounted", "not needed"}};
    std::string text;
    append_host_table(report, text);
    CHECK_FALSE(contains(text, "no programs"));
    CHECK(contains(text, "CAP_SYS_PTRACE             no   not held"));
    CHECK(contains(text, "names are missing\n"));
    CHECK(contains(text, "\ntwtrace can trace here.\n"));
    report.refusal = "no BTF; boot another kernel";
    text.clear();
    append_host_table(report, text);
    CHECK(contains(text, "\ntwtrace cannot trace here: no BTF; boot another kernel\n"));
    std::string json;
    append_host_json(report, json);
    const auto document = nlohmann::json::parse(json);
    CHECK(document.at("schema") == "twtrace.host/1");
    CHECK(document.at("can_trace") == false);
    CHECK(document.at("checks").at(1).at("allowed") == false);
    CHECK(document.at("checks").at(2).at("allowed").is_null());
}

TEST_CASE("doctor's table: without findings, older sockets and limits of visibility are reported") {
    Observations seen = quiet_host();
    seen.leftovers.emplace();
    CHECK_FALSE(contains(flat(report_of(seen)), "from before"));
    seen.leftovers->sockets = 1234;
    seen.leftovers->last_ends_in_ms = 43'000;
    CHECK(contains(flat(report_of(seen)),
                   "1,234 sockets are still in TIME_WAIT from before (closers not known: a "
                   "running twtrace trace --journal would record them); "
                   "the last of them ends in 43 s."));
    seen.leftovers->by_service = {{"a", 1}, {"b", 2}, {"nginx.service", 1000}, {"x", 3}};
    CHECK(contains(flat(report_of(seen)), "(1,000 of nginx.service, 3 of x, 2 of b, 229 of other "
                                          "or unknown services)"));
    facts(seen).conntrack.emplace();
    facts(seen).conntrack->entries = 9000;
    CHECK_FALSE(contains(flat(report_of(seen)), "conntrack has"));
    facts(seen).conntrack->forwards = true;
    facts(seen).conntrack->max_entries = 262'144;
    CHECK(contains(flat(report_of(seen)), "conntrack has 9,000 of 262,144 entries"));
}
