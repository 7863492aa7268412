#include "catch2.h"

#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "events.h"
#include "golden.h"
#include "sink/summary_fields.h"
#include "sink/summary_sink.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

using Json = nlohmann::ordered_json;

Snapshot snapshot_of(const Aggregator& aggregator, const PortsHeld& held = PortsHeld(0)) {
    Snapshot snapshot;
    snapshot.host = "web1";
    snapshot.kernel = "6.1.0-28-amd64";
    snapshot.start_wall_ns = 1'795'338'000'000'000'000U;
    snapshot.end_wall_ns = 1'795'338'010'500'000'000U;
    snapshot.duration_s = 10.5;
    snapshot.by = aggregator.by();
    snapshot.totals = aggregator.totals();
    Accounting::Inputs inputs;
    inputs.captured = aggregator.totals().time_wait;
    inputs.kernel = aggregator.totals().time_wait;
    snapshot.accounting = Accounting::of(inputs);
    snapshot.groups = rows_of(aggregator, snapshot.duration_s, 2, &held);
    return snapshot;
}

// A mixed example: IPv4, IPv6, unknown and hostile names, more peers than are kept, and the group
// `other`.
Snapshot sample(GroupBy by = GroupBy::Process) {
    Aggregator aggregator(by, {5, 100});
    PortsHeld held(100);
    RulesByNetns rules;
    const auto add = [&](const Event& event, std::uint64_t times) {
        rules[event.netns].usable = 28232;
        held.set_rules(rules);
        aggregator.add(event, times);
        held.add(event, times, 0, 1'000'000'000);
    };
    for (std::uint16_t port = 8080; port < 8084; ++port) {
        Event event = client_v4();
        event.remote_port = port;
        add(event, 5000U - port / 2);
    }
    add(longest_v6(), 12);
    add(hostile_comm(), 7);
    add(unknown_closer(), 3);
    Event exhausted = client_v4();
    exhausted.type = EventType::PortExhausted;
    exhausted.stage = Stage::None;
    exhausted.remote = address("10.9.9.9");
    exhausted.task.pid = 77;
    add(exhausted, 4);
    for (std::uint32_t pid = 100; pid < 110; ++pid) {
        Event other = client_v4();
        other.task.pid = pid;
        other.netns = pid;
        other.how = How::Exit;
        add(other, 1);
    }
    return snapshot_of(aggregator, held);
}

std::string text_of(const Snapshot& snapshot, Format format, bool wide = false) {
    std::string out;
    append_summary(snapshot, format, wide, out);
    return out;
}

std::vector<std::string> keys_of(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object.items())
        keys.push_back(key);
    return keys;
}

using Keys = std::vector<std::string>;

std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

TEST_CASE("summary: golden text") {
    for (const auto& [name, format, wide] : {std::tuple("summary-table.txt", Format::Table, false),
                                             std::tuple("summary-wide.txt", Format::Table, true),
                                             std::tuple("summary.json", Format::Json, false),
                                             std::tuple("summary.csv", Format::Csv, false)}) {
        const std::string text = text_of(sample(), format, wide);
        CHECK(text == golden(name, text));
    }
}

TEST_CASE("summary JSON: the keys of docs/output.md") {
    const Json document = Json::parse(text_of(sample(), Format::Json));
    CHECK(keys_of(document) == Keys{"schema", "host", "kernel", "start", "end", "duration_s",
                                    "totals", "accounting", "ends", "groups"});
    CHECK(document["schema"] == "twtrace.summary/1");
    CHECK(keys_of(document["totals"]) ==
          Keys{"time_wait", "fin_wait2", "aborted", "passive_close", "port_exhausted"});
    // Added: filtered, unverified, without_closer, untracked, reasons.
    CHECK(keys_of(document["accounting"]) == Keys{"captured", "filtered", "lost", "missed",
                                                  "unverified", "without_closer", "untracked",
                                                  "kernel", "unaccounted", "exact", "reasons"});
    REQUIRE(document["groups"].size() == 6);
    for (const Json& group : document["groups"]) {
        // Added: remote_addr and service_port, if all of the group have the same; parent, cmdline,
        // netns_name, program, processes, and the names of containers.
        CHECK(keys_of(group) == Keys{"by",           "pid",           "processes",
                                     "comm",         "service",       "unit",
                                     "container",    "program",       "container_name",
                                     "pod",          "pod_namespace", "workload",
                                     "parent",       "cmdline",       "netns",
                                     "netns_name",   "role",          "remote_addr",
                                     "service_port", "time_wait",     "fin_wait2",
                                     "aborted",      "passive_close", "port_exhausted",
                                     "rate",         "share",         "how",
                                     "lifetime_us",  "peers"});
        CHECK(keys_of(group["how"]) == Keys{"close", "shutdown", "exit", "kernel"});
        CHECK(keys_of(group["lifetime_us"]) == Keys{"p50", "p90", "p99", "max"});
        for (const Json& peer : group["peers"])
            CHECK(keys_of(peer) == Keys{"remote_addr", "service_port", "remote_service",
                                        "remote_name", "time_wait", "port_use", "port_use_reusable",
                                        "port_use_source"});
    }
}

TEST_CASE("summary JSON: the numbers add up, and unknown values are null") {
    const Json document = Json::parse(text_of(sample(), Format::Json));
    std::uint64_t sum = 0;
    double shares = 0;
    for (const Json& group : document["groups"]) {
        sum += group["time_wait"].get<std::uint64_t>();
        shares += group["share"].get<double>();
        std::uint64_t of_peers = 0;
        for (const Json& peer : group["peers"])
            of_peers += peer["time_wait"].get<std::uint64_t>();
        CHECK(of_peers == group["time_wait"]);
    }
    CHECK(sum == document["totals"]["time_wait"]);
    CHECK(shares > 0.999);
    CHECK(shares < 1.001);
    CHECK(document["duration_s"] == 10.5);
    CHECK(document["start"] == "2026-11-22T09:00:00.000000000Z");
    CHECK(document["accounting"]["exact"] == true);
    const Json& unknown = document["groups"][2];
    REQUIRE(unknown["time_wait"] == 3);
    for (const char* key : {"pid", "comm", "service", "unit", "container", "parent", "cmdline",
                            "netns", "netns_name", "role"})
        CHECK(unknown[key].is_null());
    CHECK(unknown["lifetime_us"]["p50"].is_null());
    CHECK(unknown["peers"][0]["port_use"].is_null());
    CHECK(document["groups"].back()["by"] == "other");
}

TEST_CASE("summary JSON: nothing to compare with is null, not false and not 0") {
    Snapshot snapshot = sample();
    snapshot.accounting = Accounting::of({});
    snapshot.host.clear();
    snapshot.kernel.clear();
    const Json document = Json::parse(text_of(snapshot, Format::Json));
    for (const char* key : {"kernel", "unaccounted", "exact"})
        CHECK(document["accounting"][key].is_null());
    CHECK(document["host"].is_null());
    CHECK(document["kernel"].is_null());
}

TEST_CASE("summary JSON: bytes that are no text do not break the document") {
    Snapshot snapshot = sample();
    snapshot.host = "\xff\x1b";
    snapshot.kernel = "6.1\xc3";
    snapshot.groups[0].unit = "\x80\"\n";
    const Json document = Json::parse(text_of(snapshot, Format::Json));
    CHECK(document["host"] == "\xef\xbf\xbd\x1b");
    CHECK(document["groups"][0]["unit"] == "\xef\xbf\xbd\"\n");
}

namespace {

// --ends: five entered, one was taken over, one expired, one got an RST in FIN_WAIT2.
Snapshot sample_with_ends() {
    Aggregator aggregator(GroupBy::Process);
    const auto entry = [](Stage stage) {
        Event event = client_v4();
        event.stage = stage;
        event.held = true;
        return event;
    };
    const auto end = [&](Reason reason, Stage stage) {
        Event event = entry(stage);
        event.type = EventType::TimeWaitEnd;
        event.reason = reason;
        event.entered_ns = event.time_ns;
        event.time_ns += 1'034'000'000U;
        return event;
    };
    for (int times = 0; times < 3; ++times)
        aggregator.add(entry(Stage::TimeWait));
    aggregator.add(entry(Stage::FinWait2));
    aggregator.add(entry(Stage::FinWait2));
    aggregator.add(end(Reason::ReusedConnect, Stage::TimeWait));
    aggregator.add(end(Reason::Expired, Stage::TimeWait));
    aggregator.add(end(Reason::PeerReset, Stage::FinWait2));
    Snapshot snapshot = snapshot_of(aggregator);
    snapshot.ends = EndsTotals{row_of(aggregator.ends()), 4, 0, 0, true};
    return snapshot;
}

} // namespace

TEST_CASE("summary: the ends of minisocks, with --ends") {
    const Snapshot snapshot = sample_with_ends();
    const Json document = Json::parse(text_of(snapshot, Format::Json));
    for (const Json& ends : {document["ends"], document["groups"][0]["ends"]}) {
        CHECK(ends["present"] == 2);
        CHECK(ends["present_fin_wait2"] == 1);
        CHECK(ends["time_wait_start"] == 0);
        CHECK(ends["ended"]["expired"] == 1);
        CHECK(ends["ended"]["reused_by_connect"] == 1);
        CHECK(ends["ended"]["peer_reset"] == 1);
        CHECK(ends["ended"]["purged"] == 0);
        CHECK(ends["reused_by_connect_us"]["p50"] == 1'034'000);
        CHECK(ends["reused_by_syn_us"]["p50"].is_null());
    }
    CHECK(document["ends"]["unseen"] == 4);
    CHECK(document["ends"]["exact"] == true);
    const std::string table = text_of(snapshot, Format::Table);
    CHECK(table.find(" PRESENT ") != std::string::npos);
    CHECK(
        table.find("\nMinisocks: 2 of these exist now, 1 in FIN_WAIT2; ended: 1 expired, 1 reused "
                   "by connect() after 1.0s (median), 1 killed by an RST; 4 others ended whose "
                   "entry was not seen\n") != std::string::npos);
    const std::string csv = text_of(snapshot, Format::Csv);
    CHECK(csv.find(",ended_reused_by_connect,") != std::string::npos);
    const auto fields = [](const std::string& line) {
        return std::count(line.begin(), line.end(), ',');
    };
    CHECK(fields(csv.substr(0, csv.find('\n'))) == fields(csv.substr(csv.find('\n') + 1)));
}

TEST_CASE("summary: without --ends there are no ends") {
    const Json document = Json::parse(text_of(sample(), Format::Json));
    CHECK(document["ends"].is_null());
    for (const Format format : {Format::Table, Format::Csv})
        for (const char* word : {"Minisocks", "PRESENT", "EXPIRED", "ended_", "present"})
            CHECK(text_of(sample(), format, true).find(word) == std::string::npos);
}

TEST_CASE("summary: the reason why `present` is not exact") {
    Snapshot snapshot = sample_with_ends();
    snapshot.ends->exact = false;
    snapshot.ends->lost = 12;
    CHECK(text_of(snapshot, Format::Table).find("not exact: 12 records lost") != std::string::npos);
}

TEST_CASE("summary: without events") {
    const Snapshot snapshot = snapshot_of(Aggregator(GroupBy::Process));
    CHECK(Json::parse(text_of(snapshot, Format::Json))["groups"] == Json::array());
    CHECK(lines(text_of(snapshot, Format::Csv)) == 1);
    const std::string table = text_of(snapshot, Format::Table);
    CHECK(table.find("0 entries into TIME_WAIT") != std::string::npos);
    CHECK(table.find("nan") == std::string::npos);
    CHECK(table.find("PEERS") == std::string::npos);
}

TEST_CASE("summary CSV: one row a group with the same number of fields, empty for unknown values") {
    const std::string text = text_of(sample(), Format::Csv);
    CHECK(lines(text) == 7);
    CHECK(text.starts_with("by,pid,comm,service,unit,container,netns,role,"));
    CHECK(text.find("unknown") == std::string::npos);
    CHECK(text.find(",-,") == std::string::npos);
    CHECK(text.find("(other)") == std::string::npos);
    CHECK(text.find("\nother,,nginx,nginx.service,") != std::string::npos);
    CHECK(text.find("\nprocess,,,,,,,,") != std::string::npos); // the unknown closer
}

TEST_CASE("summary table: the number of entries, their owners, and the accounting") {
    const std::string text = text_of(sample(), Format::Table);
    for (const char* part :
         {"(other)", "Accounting: exact: ", "10.5 s: ", "4 connects without a free port", "PEERS",
          "10.9.9.9:8080", "... and 1918 on other peers", " NO-PORT "})
        CHECK(text.find(part) != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("fd00:aaaa:bbbb:cccc:dddd:eeee:ffff:1234") != std::string::npos);
}

TEST_CASE("summary: the grouping's name is in every row") {
    for (const GroupBy by : {GroupBy::Process, GroupBy::Service, GroupBy::Container, GroupBy::Peer,
                             GroupBy::Listener, GroupBy::Netns}) {
        const Json document = Json::parse(text_of(sample(by), Format::Json));
        CHECK(document["groups"][0]["by"] == name_of(by));
    }
}

TEST_CASE("summary: durations and peers in usual notation") {
    CHECK(human_us(0) == "0us");
    CHECK(human_us(999) == "999us");
    CHECK(human_us(1000) == "1.0ms");
    CHECK(human_us(43'210) == "43.2ms");
    CHECK(human_us(1'000'000) == "1.0s");
    CHECK(human_us(3'599'900'000) == "3599.9s");
    CHECK(human_us(3'600'000'000) == "1.0h");
    CHECK(peer_text({address("10.0.0.1"), 80, 1, std::nullopt}) == "10.0.0.1:80");
    CHECK(peer_text({address("::1"), 80, 1, std::nullopt}) == "[::1]:80");
    CHECK(peer_text({address("::1"), std::nullopt, 1, std::nullopt}) == "::1");
    CHECK(peer_text({std::nullopt, std::nullopt, 5, std::nullopt}) == "(5 on other peers)");
}
