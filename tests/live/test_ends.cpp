// How a TIME_WAIT ends, and its owner, on hosts that allow fentry.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "catch2.h"
#include "ends.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr std::uint16_t service = 7001;

// Longer than the age that tcp_tw_reuse requires of a TIME_WAIT: a second, by a clock in seconds.
void rest() {
    std::this_thread::sleep_for(Milliseconds(2100));
}

std::string close_both(Family family, Role active) {
    listen_on(service);
    Connection c = connect_pair(family, active);
    c.active.close();
    c.passive.read_to_eof();
    c.passive.close();
    return {};
}

void one_port_for_clients(const TestNamespace& ns) {
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "1");
    ns.set_sysctl("net.ipv4.ip_local_port_range", "40000 40000");
}

// From a fixed port: two connections from it are the same connection to the server.
std::string server_closes_first() {
    static const int listening = [] {
        const int fd = check_call(socket(AF_INET, SOCK_STREAM, 0), "socket");
        const int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const sockaddr_in address{AF_INET, htons(service), {htonl(INADDR_LOOPBACK)}, {}};
        check_call(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
        check_call(listen(fd, 8), "listen");
        return fd;
    }();
    const sockaddr_in from{AF_INET, htons(41000), {htonl(INADDR_LOOPBACK)}, {}};
    const sockaddr_in to{AF_INET, htons(service), {htonl(INADDR_LOOPBACK)}, {}};
    const Fd client(check_call(socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const int on = 1;
    setsockopt(client.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    check_call(bind(client.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from), "bind");
    check_call(connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
    Fd server(check_call(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    server.reset();
    char byte = 0;
    check_call(read(client.get(), &byte, 1), "read");
    return {};
}

// Checks that the minisock's event belongs to the entry.
void check_belongs(const json& event, const json& entry) {
    INFO(event.dump() << "\nto " << entry.dump());
    for (const char* key : {"pid", "comm", "service", "role", "how", "netns", "local_addr",
                            "local_port", "remote_addr", "remote_port", "family"}) {
        INFO(key);
        CHECK(event.at(key) == entry.at(key));
    }
    CHECK(event.at("time").get<std::string>() > entry.at("time").get<std::string>());
    CHECK(event.at("held_us").is_number());
}

json end_of_kind(const std::string& kind, const std::string& of) {
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_fin_timeout", "3");
    const Tracer tracer = trace_ends(ns);
    run_jobs(ns, {Job{&closing_kind(kind), Family::V4, Role::Client}});
    json event = await_type(tracer, of).front();
    check_belongs(event, await_type(tracer, "time_wait").front());
    CHECK(event.at("stage") == "fin_wait2");
    return event;
}

std::uint64_t ended(const json& ends, const std::string& reason) {
    return ends.at("ended").at(reason).get<std::uint64_t>();
}

} // namespace

TEST_CASE("ends: a host that refuses fentry is reported in one line", "[ends]") {
    if (!can_trace() || fentry_works()) {
        return;
    }
    for (const char* command : {"trace", "summary"}) {
        const CommandResult result = run_command({twtrace_binary(), command, "--ends", "-d", "1"});
        INFO(result.err);
        CHECK(result.exit_status == 1);
        CHECK(result.out.empty());
        CHECK(lines_of(result.err).size() == 1);
        CHECK(result.err.find("--ends") != std::string::npos);
        CHECK(result.err.find("fentry") != std::string::npos);
        CHECK(result.err.find("doctor --host") != std::string::npos);
    }
}

TEST_CASE("ends: connect() takes over a TIME_WAIT after a second", "[ends]") {
    if (!can_trace_ends()) {
        return;
    }
    const Family family = GENERATE(Family::V4, Family::V6, Family::Mapped);
    const TestNamespace ns;
    one_port_for_clients(ns);
    const Tracer tracer = trace_ends(ns);
    ns.run_in([&] {
        close_both(family, Role::Client);
        rest();
        return close_both(family, Role::Client);
    });
    const auto entries = await_type(tracer, "time_wait", 2);
    const json end = await_type(tracer, "time_wait_end").front();
    check_belongs(end, entries.front());
    CHECK(end.at("reason") == "reused_by_connect");
    CHECK(end.at("stage") == "time_wait");
    CHECK(end.at("held_us") >= 1'000'000);
    CHECK(end.at("held_us") < 10'000'000);
}

TEST_CASE("ends: a SYN takes over a TIME_WAIT of a server", "[ends]") {
    if (!can_trace_ends()) {
        return;
    }
    const TestNamespace ns;
    const Tracer tracer = trace_ends(ns);
    ns.run_in([&] {
        server_closes_first();
        rest();
        return server_closes_first();
    });
    const auto entries = await_type(tracer, "time_wait", 2);
    const json end = await_type(tracer, "time_wait_end").front();
    check_belongs(end, entries.front());
    CHECK(end.at("reason") == "reused_by_syn");
    CHECK(end.at("role") == "server");
}

TEST_CASE("ends: a minisock in FIN_WAIT2 gets the FIN, an RST, data, or nothing", "[ends]") {
    if (!can_trace_ends()) {
        return;
    }
    CHECK(end_of_kind("close_then_peer_acks_and_closes_later", "time_wait_start").at("reason") ==
          nullptr);
    CHECK(end_of_kind("rst_kills_minisock", "time_wait_end").at("reason") == "peer_reset");
    CHECK(end_of_kind("data_reaches_minisock", "time_wait_end").at("reason") == "local_reset");
    CHECK(end_of_kind("close_and_peer_vanishes", "time_wait_end").at("reason") == "expired");
}

TEST_CASE("ends: minisocks that ss -K destroys", "[ends]") {
    if (!can_trace_ends()) {
        return;
    }
    const TestNamespace ns;
    const Tracer tracer = trace_ends(ns);
    const std::string destroyed = ns.run_in([&]() -> std::string {
        listen_on(service);
        Connection c = connect_pair(Family::V4, Role::Client);
        c.active.close();
        c.passive.read_to_eof();
        c.passive.close();
        await("TIME_WAIT", [&] { return diag_state(c, c.active).minisock; });
        return diag_destroy(c, c.active) && diag_state(c, c.active).state == 0 ? "yes" : "no";
    });
    if (destroyed == "no") {
        WARN("SKIP: this kernel destroys no minisocks on request");
        return;
    }
    const json end = await_type(tracer, "time_wait_end").front();
    check_belongs(end, await_type(tracer, "time_wait").front());
    CHECK(end.at("reason") == "destroyed");
}

TEST_CASE("ends: the end of a network namespace purges its minisocks", "[ends]") {
    if (!can_trace_ends()) {
        return;
    }
    const Tracer tracer({"trace", "--ends", "-o", "json", "-L", std::to_string(service)});
    {
        const TestNamespace ns;
        ns.run_in([] { return close_both(Family::V4, Role::Server); });
        await_type(tracer, "time_wait");
    }
    const json entry = await_type(tracer, "time_wait").front();
    // The tracer observes the whole host, on which minisocks of earlier tests end too. It keeps the
    // counter files of the namespace open for up to two seconds.
    json end;
    await(
        "the end of the namespace's minisock",
        [&] {
            for (const json& event : of_type(parse_events(tracer.out()), "time_wait_end"))
                if (event.at("netns") == entry.at("netns"))
                    end = event;
            return !end.is_null();
        },
        Milliseconds(20000));
    check_belongs(end, entry);
    CHECK(end.at("reason") == "purged");
}

TEST_CASE("ends: a TIME_WAIT expires after a minute", "[ends]") {
    if (!can_trace_ends()) {
        return;
    }
    const TestNamespace ns;
    const Tracer tracer = trace_ends(ns);
    ns.run_in([] { return close_both(Family::V6, Role::Server); });
    const json end = await_type(tracer, "time_wait_end", 1, Milliseconds(90000)).front();
    check_belongs(end, await_type(tracer, "time_wait").front());
    CHECK(end.at("reason") == "expired");
    CHECK(end.at("held_us") >= 60'000'000);
    CHECK(end.at("held_us") < 70'000'000); // the timer wheel's granularity
}

TEST_CASE("ends: the summary's number of present sockets equals the number of existing ones",
          "[ends]") {
    if (!can_trace_ends()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer({"summary", "--ends", "-o", "json", "--netns", ns.path()});
    std::vector<Job> jobs;
    for (const Job& job : all_jobs(false)) {
        if (!job.kind->slow) {
            jobs.push_back(job);
        }
    }
    run_jobs(ns, jobs);
    const auto present = ns.counters().present;
    const json summary = json::parse(tracer.stop().out);
    const json& ends = summary.at("ends");
    INFO(ends.dump());
    CHECK(ends.at("exact") == true);
    CHECK(ends.at("present") == present);
    CHECK(ends.at("unseen") == 0);
    std::uint64_t gone = 0;
    for (const auto& count : ends.at("ended")) {
        gone += count.get<std::uint64_t>();
    }
    CHECK(gone > 0);
    CHECK(summary.at("totals").at("time_wait") == present + gone);
    std::uint64_t in_groups = 0;
    for (const json& group : summary.at("groups")) {
        in_groups += group.at("ends").at("present").get<std::uint64_t>();
    }
    CHECK(in_groups == present);
}

TEST_CASE("ends: the summary reports when connect() takes over, also over intervals", "[ends]") {
    if (!can_trace_ends()) {
        return;
    }
    const TestNamespace ns;
    one_port_for_clients(ns);
    Tracer tracer({"summary", "--ends", "-i", "1", "-o", "json", "--netns", ns.path()});
    ns.run_in([] {
        for (int times = 0; times < 3; ++times) {
            close_both(Family::V4, Role::Client);
            rest();
        }
        return std::string();
    });
    std::uint64_t reused = 0;
    const auto documents = lines_of(tracer.stop().out);
    for (const std::string& line : documents) {
        const json ends = json::parse(line).at("ends");
        reused += ended(ends, "reused_by_connect");
        if (ended(ends, "reused_by_connect") > 0) {
            CHECK(ends.at("reused_by_connect_us").at("p50") >= 1'000'000);
        }
    }
    INFO(documents.back());
    CHECK(reused == 2);
    const json last = json::parse(documents.back());
    CHECK(last.at("ends").at("present") == 1);
    REQUIRE(last.at("groups").size() == 1);
    CHECK(last.at("groups").front().at("ends").at("present") == 1);
}
