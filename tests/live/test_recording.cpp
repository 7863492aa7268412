// A recording gives exactly the results of the live run, without privileges, even if the recorder
// failed.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>

#include "catch2.h"
#include "match.h"
#include "nginx.h"
#include "recording.h"
#include "terminal.h"
#include "tracer.h"
#include "witness.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

/// Without the times: each tracer reads the clock itself, so they differ by some microseconds. Only
/// `worker` is sure to be in /proc when both read it.
json comparable(json event, int worker) {
    for (const char* key : {"lifetime_us", "close_us"}) {
        event[key] = !event.at(key).is_null();
    }
    event.erase("time");
    event.erase("program");
    event.erase("remote_service"); // one of the two may not have seen the listener yet
    if (event.at("pid") != worker) {
        for (const char* key : {"cgroup", "service", "parent", "ppid"}) {
            event.erase(key);
        }
    }
    return event;
}

std::vector<std::string> sorted(const std::vector<json>& events, int worker) {
    std::vector<std::string> lines;
    for (const json& event : events) {
        lines.push_back(comparable(event, worker).dump());
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::vector<std::string> only_in(const std::vector<json>& events, const std::vector<json>& others,
                                 int worker) {
    const auto these = sorted(events, worker);
    const auto those = sorted(others, worker);
    std::vector<std::string> only;
    std::set_difference(these.begin(), these.end(), those.begin(), those.end(),
                        std::back_inserter(only));
    return only;
}

double seconds_of(const std::string& time) {
    std::tm parts{};
    const char* fraction = strptime(time.c_str(), "%FT%T", &parts);
    return static_cast<double>(timegm(&parts)) + std::stod(fraction);
}

/// The times of events that are equal apart from them.
void require_close_times(std::vector<json> events, std::vector<json> others, int worker) {
    constexpr double tolerance_s = 0.1; // an interrupt may come between the two tracers
    REQUIRE(events.size() == others.size());
    const auto by_socket = [&](const json& a, const json& b) {
        return std::pair(comparable(a, worker).dump(), a.at("time").get<std::string>()) <
               std::pair(comparable(b, worker).dump(), b.at("time").get<std::string>());
    };
    std::sort(events.begin(), events.end(), by_socket);
    std::sort(others.begin(), others.end(), by_socket);
    for (std::size_t index = 0; index < events.size(); ++index) {
        const json& one = events[index];
        const json& other = others[index];
        INFO(one.dump() << "\n" << other.dump());
        CHECK(std::abs(seconds_of(one.at("time")) - seconds_of(other.at("time"))) < tolerance_s);
        for (const char* key : {"lifetime_us", "close_us"}) {
            if (!one.at(key).is_null()) {
                CHECK(std::abs(one.at(key).get<double>() - other.at(key).get<double>()) <
                      tolerance_s * 1e6);
            }
        }
    }
}

/// Without what depends on a tracer's clock and end, on when it read names in /proc, where only
/// `worker` is sure to stay, and the addresses of passive closes, which a live summary only counts.
std::vector<std::string> comparable_groups(const json& summary, int worker) {
    std::vector<std::string> lines;
    for (json group : summary.at("groups")) {
        for (const char* key : {"rate", "lifetime_us", "remote_addr"}) {
            group.erase(key);
        }
        for (json& peer : group.at("peers")) {
            for (const char* key : {"port_use", "port_use_reusable", "remote_service"}) {
                peer.erase(key);
            }
        }
        if (group.at("pid") != worker) {
            for (const char* name : {"service", "program", "parent", "unit", "container"}) {
                group.erase(name);
            }
        }
        lines.push_back(group.dump());
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::string utc_now() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    std::array<char, 32> seconds{};
    std::strftime(seconds.data(), seconds.size(), "%FT%T", std::gmtime(&now.tv_sec));
    const std::string fraction = std::to_string(1'000'000'000 + now.tv_nsec).substr(1);
    return std::string(seconds.data()) + "." + fraction + "Z";
}

} // namespace

TEST_CASE("recording: a replay has every field of every event, and the same sums", "[recording]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::string path = dir.file("a.twr");
    Tracer recorder({"record", "-o", path, "--netns", ns.path()});
    Tracer trace = trace_all(ns);
    Tracer summary({"summary", "-w", "-o", "json", "--netns", ns.path()}); // -w: nothing is folded
    WorkerOptions options;
    options.stays = true;
    const Forked worker = start_jobs(ns, quick_jobs(), options);
    await_stopped(worker);
    const CommandResult live_trace = trace.stop();
    const json live_summary = json::parse(summary.stop().out);
    const CommandResult recorded = recorder.stop();
    INFO("recorder: " << recorded.err);
    REQUIRE(recorded.exit_status == 0);
    readable(path);

    const CommandResult again = replay({"trace", "-o", "json", "--all"}, path);
    INFO("replay: " << again.err);
    REQUIRE(again.exit_status == 0);
    auto before = parse_events(live_trace.out);
    auto after = parse_events(again.out);
    fold_late_resets(before);
    fold_late_resets(after);
    CHECK(only_in(before, after, worker.pid()) == std::vector<std::string>{});
    CHECK(std::any_of(after.begin(), after.end(),
                      [](const json& event) { return event.at("program").is_string(); }));
    CHECK(only_in(after, before, worker.pid()) == std::vector<std::string>{});
    require_close_times(before, after, worker.pid());

    const CommandResult document = replay({"summary", "-w", "-o", "json"}, path);
    INFO("replay: " << document.err);
    const json replayed = json::parse(document.out);
    CHECK(replayed.at("totals") == live_summary.at("totals"));
    CHECK(replayed.at("accounting").at("kernel") == live_summary.at("accounting").at("kernel"));
    CHECK(replayed.at("accounting").at("captured") == live_summary.at("accounting").at("captured"));
    CHECK(replayed.at("host") == live_summary.at("host"));
    CHECK(comparable_groups(replayed, worker.pid()) ==
          comparable_groups(live_summary, worker.pid()));

    // The same filters.
    const CommandResult servers = replay({"trace", "-o", "json", "--role", "server", "-4"}, path);
    const auto expected = std::count_if(after.begin(), after.end(), [](const json& event) {
        return event.at("type") == "time_wait" && event.at("role") == "server" &&
               event.at("family") == 4;
    });
    CHECK(of_type(parse_events(servers.out), "time_wait").size() ==
          static_cast<std::size_t>(expected));
    CHECK(expected > 0);
}

TEST_CASE("recording: intervals add up to the whole recording, and a span is a part of it",
          "[recording]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::string path = dir.file("a.twr");
    const Witness witness;
    Tracer recorder({"record", "-o", path, "--netns", ns.path()});
    const auto start = Clock::now();
    while (Clock::now() - start < std::chrono::seconds(5)) {
        run_jobs(ns, closes(20));
    }
    REQUIRE(recorder.stop().exit_status == 0);
    readable(path);
    const std::uint64_t whole = captured(replay({"summary", "-o", "json"}, path));
    CHECK(whole > 0);
    std::uint64_t sum = 0;
    std::int64_t unaccounted = 0; // a close while the counters are read may be in either count
    std::size_t documents = 0;
    for (const json& document :
         parse_events(replay({"summary", "-i", "1", "-o", "json"}, path).out)) {
        unaccounted += document.at("accounting").at("unaccounted").get<std::int64_t>();
        CHECK(document.at("totals").at("time_wait") == document.at("accounting").at("captured"));
        sum += document.at("totals").at("time_wait").get<std::uint64_t>();
        ++documents;
    }
    CHECK(sum == whole);
    CHECK(unaccounted >= 0);
    CHECK(unaccounted <= static_cast<std::int64_t>(witness.hidden_entries()));
    CHECK(documents >= 3);
    const std::uint64_t first = captured(replay({"summary", "-o", "json", "--end", "-2s"}, path));
    const std::uint64_t last = captured(replay({"summary", "-o", "json", "--begin", "-2s"}, path));
    CHECK(first > 0);
    CHECK(last > 0);
    CHECK(first + last == whole);
}

TEST_CASE("recording: the file of a killed recorder is read up to its last second", "[recording]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::string path = dir.file("a.twr");
    Tracer recorder({"record", "-o", path, "--netns", ns.path()});
    run_jobs(ns, closes(50));
    // A recording loses at most the last second.
    await("the events to be written", [&] {
        const CommandResult document =
            run_command({twtrace_binary(), "summary", "-o", "json", "--from", path});
        return document.exit_status == 0 && captured(document) == 50;
    });
    kill(recorder.command().pid(), SIGKILL);
    recorder.command().wait();
    readable(path);
    const CommandResult document = replay({"summary", "-o", "json"}, path);
    CHECK(document.exit_status == 0);
    CHECK(captured(document) == 50);
    CHECK(document.err.find("killed, or is still writing") != std::string::npos);
}

TEST_CASE("recording: list names the owners of the sockets that were in TIME_WAIT then",
          "[recording]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::string path = dir.file("a.twr");
    Tracer recorder({"record", "-o", path, "--netns", ns.path()});
    const auto expected = run_jobs(ns, closes(10));
    REQUIRE(recorder.stop().exit_status == 0);
    readable(path);
    const auto rows = parse_events(replay({"list", "-o", "json"}, path).out);
    REQUIRE(rows.size() == 10);
    for (const json& row : rows) {
        CHECK(row.at("pid") == expected.front().task.pid);
        CHECK(row.at("remaining_ms").get<int>() > 50000);
        CHECK(row.at("remaining_ms").get<int>() <= 60000);
    }
}

TEST_CASE("recording: list --at names the owners of that time, not those of later closes",
          "[recording]") {
    if (!can_trace()) {
        return;
    }
    if (access("/proc/sys/net/ipv4/tcp_tw_reuse_delay", F_OK) != 0) {
        WARN("SKIP: this kernel has no tcp_tw_reuse_delay");
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::string path = dir.file("a.twr");
    // The second process takes the only port over from the first one's TIME_WAIT.
    ns.set_sysctl("net.ipv4.ip_local_port_range", "40000 40000");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "1");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse_delay", "1");
    WorkerOptions options;
    options.listen_port = 7000;
    const auto close_once = [&] {
        Forked worker = start_jobs(ns, closes(1), options);
        return collect_jobs(worker).front().task.pid;
    };
    const Witness witness;
    Tracer recorder({"record", "-o", path, "--role", "client", "--netns", ns.path()});
    const auto in_file = [&] {
        const CommandResult now =
            run_command({twtrace_binary(), "summary", "-o", "json", "--from", path});
        return now.exit_status == 0 ? std::optional(captured(now)) : std::nullopt;
    };
    await(
        "the list of older sockets", [&] { return in_file().has_value(); }, Milliseconds(20000));
    const std::string before = utc_now();
    const int first = close_once();
    await(
        "the first close", [&] { return in_file().value_or(0) + witness.hidden_entries() >= 1; },
        Milliseconds(20000));
    const std::string between = utc_now();
    const int second = close_once();
    REQUIRE(recorder.stop().exit_status == 0);
    readable(path);
    const auto pids_at = [&](const std::string& time) {
        std::vector<int> pids;
        for (const json& row :
             parse_events(replay({"list", "-o", "json", "--at", time}, path).out)) {
            CHECK(row.at("local_port") == 40000);
            pids.push_back(row.at("pid").get<int>());
        }
        return pids;
    };
    if (witness.hidden_entries() == 0) {
        CHECK(pids_at(before).empty());
        CHECK(pids_at(between) == std::vector<int>{first});
        CHECK(pids_at("-0s") == std::vector<int>{second});
    }
}

TEST_CASE("recording: diff and doctor show nginx without and with keep-alive from the file",
          "[recording][nginx]") {
    if (!can_trace()) {
        return;
    }
    if (nginx_binary().empty()) {
        WARN("SKIP: no /usr/sbin/nginx here");
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const Nginx back(ns, "server { listen 127.0.0.1:8001; location / { return 200 ok; } }", 8001);
    std::map<bool, std::string> paths{{false, dir.file("before")}, {true, dir.file("after")}};
    for (const auto& [keep_alive, path] : paths) {
        const Nginx front(ns, proxy_site(keep_alive), 8000);
        Tracer recorder({"record", "-o", path, "--netns", ns.path()});
        http_load(ns, 8000, 300, true);
        REQUIRE(recorder.stop().exit_status == 0);
        readable(path);
    }
    const CommandResult doctor = replay({"doctor", "-o", "json"}, paths[false]);
    INFO(doctor.out << doctor.err);
    CHECK(doctor.exit_status == 3);
    CHECK(json::parse(doctor.out).at("findings").at(0).at("id") == "connection-per-request");

    const CommandResult compared =
        run_command(as_nobody({twtrace_binary(), "diff", paths[false], paths[true], "-o", "json"}));
    INFO(compared.out << compared.err);
    REQUIRE(compared.exit_status == 0);
    const json diff = json::parse(compared.out);
    const json& row = diff.at("rows").at(0);
    CHECK(row.at("service") == "nginx");
    CHECK(row.at("service_port") == 8001);
    CHECK(row.at("remote_service") == "nginx");
    CHECK(row.at("before").at("time_wait").get<int>() >= 299);
    CHECK((row.at("after").is_null() || row.at("after").at("time_wait").get<int>() <= 2));
    CHECK(diff.at("findings").at("gone").at(0).at("id") == "connection-per-request");
    CHECK(run_command(as_nobody({twtrace_binary(), "diff", paths[false], paths[true]}))
              .out.find("gone") != std::string::npos);
}

TEST_CASE("recording: top plays it, and jumps to a chosen time", "[recording]") {
    if (!can_trace() || !has_terminal()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::string path = dir.file("a.twr");
    Tracer recorder({"record", "-o", path, "--netns", ns.path(), "-d", "5"});
    const int pid = run_jobs(ns, closes(50)).front().task.pid;
    REQUIRE(recorder.wait().exit_status == 0);
    const Terminal terminal(150, 24);
    terminal.enter(twtrace_binary() + " top --from " + path);
    terminal.await(" x1 ");
    terminal.type("+");
    terminal.await(" x2 ");
    terminal.type("t-0s");
    terminal.await("go to: -0s_");
    terminal.press("Enter");
    terminal.await("at its end");
    terminal.await(std::to_string(pid));
    terminal.press("Left");
    terminal.await(" x2 ");
    terminal.type("tnonsense");
    terminal.press("Enter");
    terminal.await("no such time");
    terminal.type("q");
    terminal.await_gone("by process, sort");
    // It ends at the given end, and not later.
    terminal.enter(twtrace_binary() + " top --from " + path + " --end -2s");
    terminal.await("at its end");
    terminal.type("t-1s");
    terminal.press("Enter");
    terminal.await("not in the recording");
    terminal.type("q");
    terminal.await_gone("by process, sort");
}

TEST_CASE("recording: top is paused, and moved by a second and by a minute", "[recording]") {
    if (!can_trace() || !has_terminal()) {
        return;
    }
    // A run of six seconds from 20:08:58.4, and a later one, so that the recording has minutes.
    const TestNamespace ns;
    const TempDir dir;
    std::filesystem::copy_file(TWTRACE_SOURCE "/tests/recordings/version-2.twr",
                               dir.file("twtrace-00000001-20261128T200858Z.twr"));
    Tracer recorder({"record", "-o", dir.path(), "--netns", ns.path()});
    REQUIRE(recorder.stop().exit_status == 0);
    const Terminal terminal(150, 24, {"TZ=UTC"});
    const auto await_time = [&](const std::string& time) {
        terminal.await("recording 2026-11-28 " + time);
    };
    terminal.enter(twtrace_binary() + " top --from " + dir.path() +
                   " --end 2026-11-28T20:10:00.5Z");
    terminal.await("by process, sort");
    terminal.press("p");
    terminal.await("PAUSED");
    terminal.type("t2026-11-28T20:08:59.2Z");
    terminal.press("Enter");
    await_time("20:08:59 x1");
    terminal.await("no connection has entered TIME_WAIT yet");
    terminal.press("p");
    terminal.await_gone("PAUSED");
    terminal.press("p");
    terminal.await("PAUSED");
    terminal.press("Right");
    terminal.press("Right");
    terminal.await("load-client"); // the rows of that time, although it is paused
    terminal.type("t2026-11-28T20:08:59.2Z");
    terminal.press("Enter");
    await_time("20:08:59 x1");
    terminal.await_gone("load-client");
    terminal.press("Right");
    terminal.press("Right");
    await_time("20:09:01 x1");
    terminal.await("load-client");
    terminal.press("Left");
    terminal.press("Left");
    await_time("20:08:59 x1");
    terminal.await_gone("load-client");
    terminal.type("]");
    await_time("20:09:59 x1");
    terminal.type("[");
    await_time("20:08:59 x1");
    terminal.type("]");
    await_time("20:09:59 x1");
    terminal.type("[["); // not less than both, at most to its beginning
    await_time("20:08:58 x1");
    terminal.type("]]]]");
    await_time("20:10:00 at its end");
    terminal.press("Right"); // not beyond it
    terminal.press("Left");
    await_time("20:09:59 x1");
    terminal.await("PAUSED");
    terminal.press("p");
    await_time("20:10:00 at its end");
    terminal.type("q");
    terminal.await_gone("by process, sort");
}

TEST_CASE("recording: errors are reported in one line", "[recording]") {
    const TempDir dir;
    write_file(dir.file("text"), "this is no recording at all");
    const auto error = [](const std::vector<std::string>& arguments, int status) {
        std::vector<std::string> argv{twtrace_binary()};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        const CommandResult result = run_command(argv);
        CHECK(result.exit_status == status);
        CHECK(lines_of(result.err).size() == 1);
        return result.err;
    };
    CHECK(error({"summary", "--from", dir.file("text")}, 1).find("is not a recording") !=
          std::string::npos);
    CHECK(error({"summary", "--from", dir.file("missing")}, 1).find("No such file") !=
          std::string::npos);
    CHECK(error({"record"}, 2).find("-o FILE") != std::string::npos);
    CHECK(error({"record", "-o", dir.file("x"), "--max-size", "5"}, 2).find("1M") !=
          std::string::npos);
    CHECK(error({"diff", dir.file("text")}, 2).find("SPAN") != std::string::npos);
}
