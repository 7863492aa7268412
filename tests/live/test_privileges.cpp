// The privileges of a command once it has started, as the kernel shows them, and its system calls.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <linux/capability.h>
#include <linux/seccomp.h>

#include "catch2.h"
#include "closings.h"
#include "tracer.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

std::uint64_t mask_of(std::initializer_list<unsigned> capabilities) {
    std::uint64_t mask = 0;
    for (const unsigned capability : capabilities) {
        mask |= std::uint64_t{1} << capability;
    }
    return mask;
}

struct Privileges {
    std::uint64_t effective = ~std::uint64_t{0};
    std::uint64_t permitted = ~std::uint64_t{0};
    std::uint64_t bounding = ~std::uint64_t{0};
    bool no_new = false;
    bool limited = false;
};

Privileges privileges_in(const std::string& status) {
    Privileges found;
    for (const std::string& line : lines_of(status)) {
        const std::string value = line.substr(std::min(line.size(), line.find(':') + 1));
        if (line.starts_with("CapEff:")) {
            found.effective = std::stoull(value, nullptr, 16);
        } else if (line.starts_with("CapPrm:")) {
            found.permitted = std::stoull(value, nullptr, 16);
        } else if (line.starts_with("CapBnd:")) {
            found.bounding = std::stoull(value, nullptr, 16);
        } else if (line.starts_with("NoNewPrivs:")) {
            found.no_new = std::stoi(value) == 1;
        } else if (line.starts_with("Seccomp:")) {
            found.limited = std::stoi(value) == SECCOMP_MODE_FILTER;
        }
    }
    return found;
}

std::vector<Privileges> privileges_of_threads(pid_t pid) {
    std::vector<Privileges> all;
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        all.push_back(privileges_in(read_file(thread.path().string() + "/status")));
    }
    return all;
}

constexpr auto seccomp_line = "system calls limited by seccomp";

bool knows_its_filter(const Command& command) {
    return command.err().find(seccomp_line) != std::string::npos;
}

/// The lines of strace's output after the last filter that return ENOSYS, without the calls that a
/// C library only tries.
std::vector<std::string> refused_calls(const std::string& file) {
    std::vector<std::string> refused;
    bool limited = false;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("seccomp(SECCOMP_SET_MODE_FILTER") != std::string::npos) {
            limited = true;
        }
        if (limited && line.find("ENOSYS") != std::string::npos &&
            line.find("clone3") == std::string::npos) {
            refused.push_back(line.substr(0, 200));
        }
    }
    CHECK(limited);
    return refused;
}

} // namespace

TEST_CASE("privileges: a tracer keeps what it still needs, in all its threads", "[privileges]") {
    if (!can_trace()) {
        return;
    }
    const std::uint64_t wanted =
        mask_of({CAP_BPF, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_SYS_ADMIN});
    const TempDir dir;
    const std::vector<std::vector<std::string>> commands{
        {"trace"},
        {"summary"},
        {"doctor", "-d", "60"},
        {"what-if", "-d", "60"},
        {"record", "-o", dir.file("events.twr")},
        {"report", "-d", "60", "-o", dir.file("page.html")},
        {"exporter", "--listen", "127.0.0.1:0"}};
    const TestNamespace ns;
    for (auto arguments : commands) {
        arguments.insert(arguments.end(), {"--netns", ns.path()});
        Tracer tracer(arguments);
        INFO(arguments[0] << ": " << tracer.command().err());
        REQUIRE(
            wait_until([&] { return knows_its_filter(tracer.command()); }, Milliseconds(10000)));
        const std::vector<Privileges> threads = privileges_of_threads(tracer.command().pid());
        CHECK(!threads.empty());
        for (const Privileges& thread : threads) {
            CHECK((thread.effective & ~wanted) == 0);
            CHECK(thread.permitted == thread.effective);
            CHECK((thread.bounding & ~wanted) == 0);
            CHECK(thread.no_new);
            CHECK(thread.limited);
        }
        tracer.command().signal(SIGINT);
        tracer.wait();
    }
}

TEST_CASE("privileges: a recording is read without capabilities, in its own files",
          "[privileges]") {
    const std::string recording = std::string(TWTRACE_SOURCE) + "/docs/demo.twr";
    const TempDir dir;
    const CommandResult told =
        run_command({twtrace_binary(), "summary", "-v", "--from", recording});
    INFO(told.err);
    CHECK(told.exit_status == 0);
    CHECK(told.err.find("capabilities kept: none") != std::string::npos);
    const CommandResult page = run_command(
        {twtrace_binary(), "report", "-v", "--from", recording, "-o", dir.file("page.html")});
    INFO(page.err);
    CHECK(page.exit_status == 0);
    CHECK(std::filesystem::file_size(dir.file("page.html")) > 10000);
}

TEST_CASE("privileges: a replay writes the files that its options name", "[privileges]") {
    const std::string recording = std::string(TWTRACE_SOURCE) + "/docs/demo.twr";
    const TempDir dir;
    const std::string document = dir.file("summary.json");
    const std::string verdicts = dir.file("junit.xml");
    const CommandResult told = run_command({twtrace_binary(), "summary", "-o", "json", "--from",
                                            recording, "--output-file", document, "--fail-if",
                                            "time_wait > 1000000", "--junit", verdicts});
    INFO(told.err);
    CHECK(told.exit_status == 0);
    CHECK(json::parse(read_file(document)).at("totals").at("time_wait") > 0);
    CHECK(read_file(verdicts).find("<testcase") != std::string::npos);
}

TEST_CASE("privileges: no command makes a system call that its table does not list",
          "[privileges]") {
    if (!can_trace()) {
        return;
    }
    const TempDir dir;
    const std::string recording = std::string(TWTRACE_SOURCE) + "/docs/demo.twr";
    const TestNamespace ns;
    const std::vector<std::vector<std::string>> commands{
        {"trace", "-d", "2", "-o", "json"},
        {"summary", "-d", "2", "-w"},
        {"summary", "-d", "2", "-r", "--fail-if", "time_wait > 1000000", "--junit",
         dir.file("junit.xml")},
        {"summary", "--journal", "-d", "2"},
        {"summary", "--", "true"},
        {"doctor", "-d", "2"},
        {"list"},
        {"what-if", "-d", "2"},
        {"record", "-o", dir.file("events.twr"), "-d", "2"},
        {"record", "-o", dir.file("events") + "/", "-d", "2"},
        {"report", "-d", "2", "-o", dir.file("page.html")},
        {"exporter", "--listen", "127.0.0.1:0", "--textfile", dir.file("t.prom"), "-d", "2"},
        {"summary", "--from", recording},
        {"doctor", "--from", recording},
        {"list", "--from", recording},
        {"diff", recording, recording},
        {"report", "--from", recording, "-o", dir.file("page2.html")}};
    for (const auto& arguments : commands) {
        const std::string calls = dir.file("calls");
        std::vector<std::string> argv{"strace", "-f", "-qq", "-o", calls, twtrace_binary()};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        const bool live =
            std::find(arguments.begin(), arguments.end(), "--from") == arguments.end() &&
            arguments[0] != "diff";
        if (live) {
            argv.insert(argv.begin() + 7, {"--netns", ns.path()});
        }
        Command command(argv);
        const Job job{&closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client};
        run_jobs(ns, std::vector<Job>(5, job));
        const CommandResult result = command.wait(Milliseconds(60000));
        INFO(arguments[0] << ": " << result.err);
        CHECK(result.exit_status != 1);
        CHECK(refused_calls(calls).empty());
    }
}
