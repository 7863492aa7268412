// The exporter against clients with unusual behaviour.
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "catch2.h"
#include "exporter.h"
#include "wait_until.h"
#include "worker.h"

using namespace live;

namespace {

std::string requests(const std::string& path, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        text += "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    return text;
}

int count_of(const std::string& text, const std::string& part) {
    int count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

// Reads until the server closes, ten seconds pass without data, or this number of answers has
// arrived.
std::string read_answers(const Fd& connection, int wanted) {
    const timeval patience{10, 0};
    setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    std::string all;
    std::array<char, 65536> buffer{};
    while (count_of(all, "HTTP/1.1 ") < wanted) {
        const ssize_t got = recv(connection.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            break;
        }
        all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
}

} // namespace

TEST_CASE("exporter: many requests in one write are all answered", "[exporter][clients]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Exporter exporter(ns);
    for (const int count : {1, 16, 17, 40, 300}) {
        INFO(count << " requests");
        const Fd connection = connect_to_port(exporter.port());
        const std::string text = requests("/-/healthy", count);
        REQUIRE(send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(text.size()));
        CHECK(count_of(read_answers(connection, count), "HTTP/1.1 200") == count);
    }
}

TEST_CASE("exporter: endless input of a client is not kept", "[exporter][clients]") {
    if (!can_trace()) {
        return;
    }
    // A sanitized program keeps freed memory, which would hide the memory in use.
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 0);
    const TestNamespace ns;
    const Exporter exporter(ns);
    exporter.scrape();
    const pid_t pid = exporter.front_pid();
    REQUIRE(memory_kib(pid, "VmRSS") > 0);
    const long before_kib = memory_kib(pid, "VmRSS");
    const Fd connection = connect_to_port(exporter.port());
    const std::string chunk = requests("/-/healthy", 1000);
    std::array<char, 65536> answers{};
    std::size_t sent = 0;
    const bool all = wait_until(
        [&] {
            const std::size_t at = sent % chunk.size();
            const ssize_t put = send(connection.get(), chunk.data() + at, chunk.size() - at,
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
            sent += put > 0 ? static_cast<std::size_t>(put) : 0;
            while (recv(connection.get(), answers.data(), answers.size(), MSG_DONTWAIT) > 0) {
            }
            return sent >= (16U << 20U);
        },
        Milliseconds(60000));
    INFO("sent " << sent << " bytes");
    CHECK(all);
    CHECK(memory_kib(pid, "VmRSS") - before_kib < 8192);
    CHECK(http_get(exporter.port(), "/metrics").status == 200);
}

TEST_CASE("exporter: an error response ends the connection", "[exporter][clients]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Exporter exporter(ns);
    const Fd connection = connect_to_port(exporter.port());
    const std::string text = requests("/nothing-here", 40);
    REQUIRE(send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0);
    CHECK(count_of(read_answers(connection, 40), "HTTP/1.1 404") == 1);
}

TEST_CASE("exporter: continues when the reader of its standard output ends",
          "[exporter][clients]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const std::uint16_t port = free_port();
    const TempDir dir;
    // true(1) ends at once and closes the pipe.
    Command command({"sh", "-c",
                     "sh -c 'echo $$ >" + dir.file("pid") + "; exec " + twtrace_binary() +
                         " exporter --netns " + ns.path() +
                         " --listen 127.0.0.1:" + std::to_string(port) + "' | true"});
    await(
        "it answers", [&] { return http_get(port, "/-/healthy").status == 200; },
        Milliseconds(20000));
    run_jobs(ns, std::vector<Job>(
                     5, Job{&closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client}));
    await("the exporter counts", [&] {
        const Scrape scrape = parse_scrape(http_get(port, "/metrics").body);
        return sum_of(scrape, "twtrace_time_wait_entered_total") == 5;
    });
    CHECK(kill(std::stoi(read_file(dir.file("pid"))), SIGINT) == 0);
    CHECK(command.wait().exit_status == 0);
}

TEST_CASE("exporter: with fewer descriptors than namespaces it answers and reports the reason",
          "[exporter][clients][namespaces]") {
    if (!can_trace()) {
        return;
    }
    const std::vector<std::string> few{"prlimit", "--nofile=64:64"};
    const std::uint16_t port = free_port();
    Tracer summary({"summary", "-o", "json"}, few);
    Tracer exporter({"exporter", "--listen", "127.0.0.1:" + std::to_string(port)}, few);
    constexpr std::size_t namespaces = 80;
    std::vector<std::unique_ptr<TestNamespace>> all;
    for (std::size_t i = 0; i < namespaces; ++i) {
        all.push_back(std::make_unique<TestNamespace>());
        run_jobs(*all.back(),
                 {Job{&closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client}});
    }
    await("unverified entries are reported", [&] {
        const HttpAnswer answer = http_get(port, "/metrics");
        return answer.status == 200 &&
               sum_of(parse_scrape(answer.body), "twtrace_events_unverified_total") > 0;
    });
    for (int i = 0; i < 3; ++i) {
        CHECK(http_get(port, "/metrics").status == 200);
    }
    CHECK(exporter.stop().exit_status == 0);
    const CommandResult result = summary.stop();
    INFO(result.out << result.err);
    const auto accounting = nlohmann::json::parse(result.out).at("accounting");
    CHECK(accounting.at("captured") >= namespaces);
    CHECK(accounting.at("unverified") > 0);
    CHECK(accounting.at("reasons").dump().find("no file descriptor was left") != std::string::npos);
}
