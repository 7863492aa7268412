// A ring of one page, and more closes between two reads than it holds: details are lost, but not
// numbers.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <regex>

#include "catch2.h"
#include "closings.h"
#include "errors.h"
#include "exporter.h"
#include "fd.h"
#include "match.h"
#include "tracer.h"
#include "witness.h"
#include "worker.h"

using namespace live;

namespace {

constexpr std::uint64_t closes = 3000;

sockaddr_in loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    return address;
}

/// Opens and closes connections to itself as fast as it can; returns its pid.
std::string close_many() {
    const Fd listening(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address = loopback();
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    check_call(bind(listening.get(), generic, length), "bind");
    check_call(listen(listening.get(), 16), "listen");
    check_call(getsockname(listening.get(), generic, &length), "getsockname");
    for (std::uint64_t i = 0; i < closes; ++i) {
        Fd client(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        check_call(connect(client.get(), generic, length), "connect");
        const Fd server(check_call(accept(listening.get(), nullptr, nullptr), "accept"));
        client = Fd();
        char byte = 0; // a server that closes before it has the FIN would close actively, too
        check(recv(server.get(), &byte, 1, 0) == 0, "the client's FIN");
    }
    return std::to_string(getpid());
}

const nlohmann::json& group_of(const nlohmann::json& document, int pid, const std::string& role) {
    for (const auto& group : document.at("groups")) {
        if (group.at("pid") == pid && group.at("role") == role) {
            return group;
        }
    }
    throw std::runtime_error("no group of pid " + std::to_string(pid));
}

/// Checks that all were reported, except those that this host hid from BPF (witness.h).
void check_told(std::uint64_t told, std::uint64_t want, std::uint64_t hidden) {
    INFO("hidden from BPF: " << hidden);
    CHECK(told <= want);
    CHECK(told + hidden >= want);
}

void check_told(const Scrape& scrape, const std::string& name,
                const std::vector<std::string>& parts, std::uint64_t want, std::uint64_t hidden) {
    INFO(name);
    check_told(static_cast<std::uint64_t>(sum_of(scrape, name, parts)), want, hidden);
}

std::string losses_in(const Scrape& scrape) {
    std::string text;
    for (const auto& [series, value] : scrape) {
        if (series.find("_events_") != std::string::npos) {
            text += series + " " + std::to_string(value) + "\n";
        }
    }
    return text;
}

} // namespace

TEST_CASE("overload: all numbers are exact with a ring of one page", "[overload]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Witness witness;
    // The port filter passes every ephemeral port: a lost event has no port, and must not be
    // dropped for that.
    Tracer tracer({"summary", "-o", "json", "--ring", "4K", "-L", "1-65535", "--netns", ns.path()});
    auto other = std::async(std::launch::async, [&] { return ns.run_in(close_many); });
    const int one = std::stoi(ns.run_in(close_many));
    const int two = std::stoi(other.get());
    const KernelCounters rise = ns.counters();
    const CommandResult result = tracer.stop();
    const std::uint64_t hidden = witness.hidden_entries();
    INFO(result.err << result.out.substr(0, 1500));
    const auto document = nlohmann::json::parse(result.out);
    const auto& accounting = document.at("accounting");
    CHECK(accounting.at("lost") > 0);
    CHECK(result.err.find("the ring buffer was full for") != std::string::npos);
    CHECK(accounting.at("unaccounted").get<std::uint64_t>() <= hidden);
    CHECK(accounting.at("kernel") == rise.scheduled());
    check_told(document.at("totals").at("time_wait").get<std::uint64_t>(), 2 * closes, hidden);
    for (const int pid : {one, two}) {
        check_told(group_of(document, pid, "client").at("time_wait").get<std::uint64_t>(), closes,
                   hidden);
        CHECK(group_of(document, pid, "server").at("passive_close") == closes);
    }
}

// The reset after these closes retracts the entry, and neither fits into the ring.
TEST_CASE("overload: an entry whose retraction found the ring full is not counted", "[overload]") {
    if (!can_trace()) {
        return;
    }
    constexpr int retracted = 50;
    const TestNamespace ns;
    const Witness witness;
    Tracer tracer({"summary", "-o", "json", "--ring", "4K", "--netns", ns.path()});
    tracer.command().signal(SIGSTOP);
    run_jobs(ns, std::vector<Job>(retracted, Job{&closing_kind("shutdown_then_peer_closes"),
                                                 Family::V4, Role::Client}));
    run_jobs(ns, std::vector<Job>(
                     retracted, Job{&closing_kind("linger2_negative"), Family::V4, Role::Client}));
    const KernelCounters rise = ns.counters();
    tracer.command().signal(SIGCONT);
    const CommandResult result = tracer.stop();
    INFO(result.err << result.out.substr(0, 1500));
    const auto document = nlohmann::json::parse(result.out);
    const auto& accounting = document.at("accounting");
    const std::uint64_t hidden = witness.hidden_entries();
    CHECK(accounting.at("kernel") == rise.scheduled());
    CHECK(accounting.at("lost") > 0);
    check_told(document.at("totals").at("time_wait").get<std::uint64_t>(), rise.scheduled(),
               hidden);
    CHECK(accounting.at("unaccounted").get<std::int64_t>() >= 0);
    CHECK(accounting.at("unaccounted").get<std::int64_t>() <= static_cast<std::int64_t>(hidden));
}

TEST_CASE("overload: trace reports how many lines are missing", "[overload]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Witness witness;
    Tracer tracer({"trace", "--ring", "4K", "--netns", ns.path()});
    ns.run_in(close_many);
    const CommandResult result = tracer.stop();
    const auto lines = std::count(result.out.begin(), result.out.end(), '\n') - 1; // the header
    INFO(result.err);
    REQUIRE(static_cast<std::uint64_t>(lines) < closes);
    std::smatch told;
    REQUIRE(std::regex_search(result.err, told,
                              std::regex(R"(captured (\d+) \+ lost (\d+) \+ missed 0)")));
    CHECK(std::stol(told[1]) == lines);
    const std::uint64_t hidden = witness.hidden_entries();
    check_told(std::stoull(told[1]) + std::stoull(told[2]), closes, hidden);
    CHECK((hidden > 0 || result.err.find("exact: captured") != std::string::npos));
}

TEST_CASE("overload: the exporter's counters stay exact while it runs", "[overload][exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Witness witness;
    const Exporter exporter(ns, {"--ring", "4K"});
    for (std::uint64_t round = 1; round <= 2; ++round) { // events are not counted twice
        auto other = std::async(std::launch::async, [&] { return ns.run_in(close_many); });
        ns.run_in(close_many);
        other.get();
        const std::uint64_t want = 2 * closes * round;
        await("every close", [&] { return ns.counters().scheduled() == want; });
        const std::uint64_t hidden = witness.hidden_entries();
        Scrape scrape;
        wait_until(
            [&] {
                scrape = exporter.scrape();
                return sum_of(scrape, "twtrace_time_wait_entered_total") >=
                           static_cast<double>(want - hidden) &&
                       sum_of(scrape, "twtrace_kernel_time_wait_total") >=
                           static_cast<double>(want);
            },
            Milliseconds(10000));
        INFO(losses_in(scrape));
        CHECK(sum_of(scrape, "twtrace_events_lost_total") > 0);
        check_told(scrape, "twtrace_time_wait_entered_total", {"role=\"client\""}, want, hidden);
        check_told(scrape, "twtrace_passive_close_total", {}, want, 0);
        check_told(scrape, "twtrace_kernel_time_wait_total", {}, want, 0);
        await("an exact account", [&] {
            const auto gap = value_of(exporter.scrape(), "twtrace_events_unaccounted");
            return gap >= 0.0 && *gap <= static_cast<double>(hidden);
        });
    }
}
