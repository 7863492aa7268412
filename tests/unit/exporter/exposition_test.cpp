#include "exporter/exposition.h"

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "catch2.h"
#include "events.h"
#include "exporter/event_counters.h"
#include "exporter/metric_table.h"

using namespace twtrace;

namespace {

constexpr std::uint64_t now = 1'000'000'000;

ObservedHost host_of_test() {
    ObservedHost host;
    host.namespaces["host"] = {12, 1000};
    host.rules[test::client_v4().netns].usable = 1000;
    host.kernel = "6.1";
    host.self = {1.5, 1000, 10, 1024, 1e9};
    return host;
}

std::string expose(const EventCounters& counters, const ObservedHost& host,
                   std::size_t most = 100) {
    return Exposition(most).text(counters.copy(), host);
}

bool has(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

void add_one_of_each(EventCounters& counters) {
    Event event = test::client_v4();
    for (const EventType type : {EventType::TimeWait, EventType::PassiveClose, EventType::Aborted,
                                 EventType::PortExhausted}) {
        event.type = type;
        counters.add(event, 1, now);
    }
    Accounting::Inputs inputs;
    inputs.kernel = 1;
    inputs.captured = 1;
    counters.add(Accounting::of(inputs), 0);
}

std::string file(const std::string& path) {
    std::ifstream in(std::string(TWTRACE_SOURCE) + "/" + path);
    std::ostringstream text;
    text << in.rdbuf();
    REQUIRE_FALSE(text.str().empty());
    return text.str();
}

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
    std::set<std::string> found;
    const std::regex regex(pattern);
    for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
        found.insert((*at)[at->size() - 1]);
    return found;
}

std::set<std::string> words(const std::set<std::string>& lists) {
    std::set<std::string> all;
    for (const std::string& list : lists)
        all.merge(matches(list, "([a-z_]+)"));
    return all;
}

std::set<std::string> known_names(const std::string& rules) {
    std::set<std::string> names = matches(rules, "record: *([a-zA-Z0-9_:]+)");
    for (const MetricRow& row : metric_table()) {
        names.emplace(row.name);
        if (row.kind == MetricKind::Histogram)
            for (const char* suffix : {"_bucket", "_sum", "_count"})
                names.insert(std::string(row.name) + suffix);
    }
    return names;
}

} // namespace

TEST_CASE("metric table: in the order of its enumeration, with names that Prometheus recommends",
          "[exporter]") {
    std::size_t index = 0;
    std::set<std::string_view> names;
    for (const MetricRow& row : metric_table()) {
        INFO(row.name);
        CHECK(static_cast<std::size_t>(row.metric) == index++);
        CHECK(names.insert(row.name).second);
        CHECK(row.name.ends_with("_total") == (row.kind == MetricKind::Counter));
        CHECK(row.help.ends_with('.'));
    }
}

TEST_CASE("exposition: everything in the table is written, with its labels", "[exporter]") {
    EventCounters counters(100);
    add_one_of_each(counters);
    const std::string text = expose(counters, host_of_test());
    for (const MetricRow& row : metric_table()) {
        INFO(row.name << "\n" << text);
        const std::string name(row.name);
        CHECK(has(text, "# HELP " + name + " " + std::string(row.help)));
        CHECK(has(text, "# TYPE " + name + " " + std::string(name_of(row.kind))));
        const std::set<std::string> series = matches(text, "\n" + name + "(_count)?(\\{.*\\})?.*");
        const std::set<std::string> want = words({std::string(row.labels)});
        REQUIRE_FALSE(series.empty());
        CHECK(matches(*series.rbegin(), "([a-z_]+)=\"") == want);
    }
    CHECK(has(text, "twtrace_time_wait_entered_total{service=\"nginx.service\",unit="
                    "\"nginx.service\",container=\"\",pod_namespace=\"\",workload=\"\",role="
                    "\"client\",how=\"close\"} 1"));
    CHECK(has(text, "twtrace_ephemeral_port_use_ratio{service=\"nginx.service\",peer="
                    "\"10.0.0.20:8080\",peer_service=\"\"} 0.001"));
    CHECK(has(text, "twtrace_connection_lifetime_seconds_bucket{service=\"nginx.service\",role="
                    "\"client\",le=\"0.01\"} 1"));
}

TEST_CASE("exposition: hostile names cannot break a line or duplicate a series", "[exporter]") {
    EventCounters counters(100);
    Event event = test::hostile_comm();
    counters.add(event, 1, now);
    test::set_comm(event, "\x1b[2J\",\n\\\xfe\xc2\x9b'=1"); // differs in unprintable characters
    counters.add(event, 1, now);
    const std::string text = expose(counters, host_of_test());
    INFO(text);
    const auto series = matches(text, "\n(twtrace_time_wait_entered_total\\{.*)");
    REQUIRE(series.size() == 1);
    CHECK(series.begin()->ends_with("} 2"));
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("?[2J\\\",?\\\\") != std::string::npos);
}

TEST_CASE("exposition: peers and namespaces beyond the bound are 'other'", "[exporter]") {
    EventCounters counters(100);
    for (std::uint16_t number = 1; number <= 4; ++number) {
        Event event = test::client_v4();
        event.remote_port = number;
        event.remote_service = number % 2 == 0 ? "web/proxy" : "";
        counters.add(event, number * 100U, now);
    }
    ObservedHost host = host_of_test();
    for (std::uint64_t number = 1; number <= 4; ++number)
        host.namespaces["n" + std::to_string(number)] = {number * 100, 1000};
    const std::string text = expose(counters, host, 2);
    INFO(text);
    const std::string use = "twtrace_ephemeral_port_use_ratio{service=\"nginx.service\",peer=";
    CHECK(has(text, use + "\"10.0.0.20:4\",peer_service=\"web/proxy\"} 0.4"));
    CHECK(has(text, use + "\"10.0.0.20:3\",peer_service=\"\"} 0.3"));
    CHECK(has(text, use + "\"other\",peer_service=\"\"} 0.2")); // the highest use among them
    CHECK(has(text, "twtrace_time_wait_sockets{netns=\"n4\"} 400"));
    CHECK(has(text, "twtrace_time_wait_sockets{netns=\"other\"} 312"));
    CHECK_FALSE(has(text, "twtrace_time_wait_limit{netns=\"other\"} 1000"));
}

TEST_CASE("exposition: defaults of a new namespace where the settings are not known",
          "[exporter]") {
    EventCounters counters(100);
    counters.set_rules({});
    Event event = test::client_v4();
    event.local = test::address("10.0.0.1");
    for (std::uint16_t port = 40000; port < 42823; ++port) { // a tenth of 28,232, rounded down
        event.local_port = port;
        counters.add(event, 1, now);
    }
    event.local = event.remote = test::address("127.0.0.1");
    counters.add(event, 1, now);
    event.local_port = 43000;
    counters.add(event, 1, now + 1'500'000'000); // too young for tcp_tw_reuse
    const std::string text =
        Exposition(100).text(counters.copy(now + 2'000'000'000), ObservedHost());
    INFO(text);
    const std::string use = "\ntwtrace_ephemeral_port_use_ratio{service=\"nginx.service\",peer=";
    const auto value_of = [&](const std::string& peer) {
        const std::string series = use + "\"" + peer + "\",peer_service=\"\"} ";
        const auto at = text.find(series);
        REQUIRE(at != std::string::npos);
        return std::stod(text.substr(at + series.size()));
    };
    CHECK(value_of("10.0.0.20:8080") == Approx(2823 / 28232.0));
    CHECK(value_of("127.0.0.1:8080") == Approx(1 / 28232.0));
}

TEST_CASE("exposition: unknown values have no series", "[exporter]") {
    EventCounters counters(100);
    Event event = test::client_v4();
    event.role = Role::Server;
    counters.add(event, 1, now);
    ObservedHost host;
    host.namespaces["host"] = {};
    const std::string text = expose(counters, host);
    for (const char* name :
         {"twtrace_time_wait_sockets", "twtrace_time_wait_limit", "twtrace_ephemeral_port_use",
          "twtrace_events_unaccounted", "twtrace_kernel_time_wait_total", "process_open_fds"}) {
        INFO(name);
        CHECK(text.find(name) == std::string::npos);
    }
}

TEST_CASE("deploy: rules, alerts and dashboard use existing metrics", "[exporter]") {
    const std::string rules = file("deploy/prometheus/twtrace.rules.yml");
    const auto names = known_names(rules);
    std::set<std::string> labels{"job", "instance", "le", "alertname", "alertstate", "severity"};
    for (const MetricRow& row : metric_table())
        labels.merge(words({std::string(row.labels)}));
    for (const char* path :
         {"deploy/prometheus/twtrace.rules.yml", "deploy/prometheus/twtrace.alerts.yml",
          "deploy/grafana/twtrace.json"}) {
        const std::string text = file(path);
        const auto used = matches(
            text,
            "((?:[a-z_]+:)?(?:twtrace|process)_[a-z0-9_]+(?::[a-z0-9_]+)?)\\b(?=[\\[{ )\\n\",])");
        CHECK(used.size() > 5);
        for (const std::string& name : used) {
            INFO(path << ": " << name);
            CHECK(names.contains(name));
        }
        auto used_labels = words(matches(text, "by \\(([a-z_, ]+)\\)"));
        used_labels.merge(matches(text, "[{,]([a-z_]+)(?==~?\\\\?\")"));
        used_labels.merge(matches(text, "\\{\\{ *(?:\\$labels\\.)?([a-z_]+) *\\}\\}"));
        CHECK(used_labels.size() > 2);
        for (const std::string& label : used_labels) {
            INFO(path << ": " << label);
            CHECK(labels.contains(label));
        }
    }
}

TEST_CASE("deploy: the alert for failed connects is right for each of its causes", "[exporter]") {
    const std::string text = file("deploy/prometheus/twtrace.alerts.yml");
    const auto begin = text.find("alert: TwtraceConnectFailing");
    REQUIRE(begin != std::string::npos);
    const std::string alert = text.substr(begin, text.find("- alert:", begin) - begin);
    for (const char* part :
         {"twtrace doctor", "no-free-port", "chosen-port-taken", "own-range-used-up"}) {
        INFO(part);
        CHECK(alert.find(part) != std::string::npos);
    }
    CHECK(alert.find("no local port is free") == std::string::npos);
}

TEST_CASE("docs: docs/fleet.md has the table of metrics", "[exporter]") {
    const std::string text = file("docs/fleet.md");
    for (const MetricRow& row : metric_table()) {
        std::string labels(row.labels);
        labels = std::regex_replace(labels, std::regex(","), ", ");
        const std::string line = "| `" + std::string(row.name) + "` | " +
                                 std::string(name_of(row.kind)) + " | " + labels + " | " +
                                 std::string(row.help) + " |\n";
        INFO("the line should be: " << line);
        CHECK(text.find(line) != std::string::npos);
    }
}
