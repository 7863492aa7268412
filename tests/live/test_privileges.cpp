// The privileges of a command once it has started, as the kernel shows them, and its system calls.
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "catch2.h"
#include "closings.h"
#include "exporter.h"
#include "namespaces.h"
#include "terminal.h"
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

const std::uint64_t kept_by_tracers =
    mask_of({CAP_BPF, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_SYS_ADMIN, CAP_KILL});

struct Privileges {
    std::uint64_t effective = ~std::uint64_t{0};
    std::uint64_t permitted = ~std::uint64_t{0};
    std::uint64_t bounding = ~std::uint64_t{0};
    bool no_new = false;
    bool limited = false;
    unsigned uid = 0; ///< real
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
        } else if (line.starts_with("Uid:")) {
            found.uid = static_cast<unsigned>(std::stoul(value));
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
        const std::string status = read_file(thread.path().string() + "/status");
        if (!status.empty()) { // empty: it has ended meanwhile
            all.push_back(privileges_in(status));
        }
    }
    return all;
}

/// CAP_SYS_ADMIN is effective only in a thread that enters a network namespace.
void check_kept(pid_t pid, std::uint64_t kept) {
    const std::vector<Privileges> threads = privileges_of_threads(pid);
    CHECK(!threads.empty());
    for (const Privileges& thread : threads) {
        CHECK((thread.effective & ~kept) == 0);
        CHECK((thread.permitted & ~kept) == 0);
    }
    const Privileges main = privileges_in(read_file("/proc/" + std::to_string(pid) + "/status"));
    CHECK(main.effective == (main.permitted & ~mask_of({CAP_SYS_ADMIN})));
}

constexpr auto seccomp_line = "system calls limited by seccomp";

/// False: this host limits none.
bool limits_system_calls(const Command& command) {
    const auto says = [&](const char* line) {
        return command.err().find(line) != std::string::npos;
    };
    await("the state of the privileges",
          [&] { return says(seccomp_line) || says("system calls are not limited"); });
    return says(seccomp_line);
}

/// One thread without privileges, of another user.
void check_has_nothing(pid_t pid) {
    const std::vector<Privileges> threads = privileges_of_threads(pid);
    REQUIRE(threads.size() == 1);
    CHECK(threads[0].effective == 0);
    CHECK(threads[0].permitted == 0);
    CHECK(threads[0].bounding == 0);
    CHECK(threads[0].no_new);
    CHECK(threads[0].limited);
    CHECK(threads[0].uid != 0);
}

/// Ended, or a zombie.
bool is_gone(pid_t pid) {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = stat.rfind(") ");
    return name_end == std::string::npos || stat[name_end + 2] == 'Z';
}

/// The kinds of its descriptors: "socket", "anon_inode:[eventpoll]", "/dev/null".
std::set<std::string> descriptors_of(pid_t pid) {
    std::set<std::string> found;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        const std::string target = std::filesystem::read_symlink(entry.path()).string();
        found.insert(target.starts_with("socket:") ? "socket" : target);
    }
    return found;
}

/// Valid and invalid requests, and a client that disconnects in the middle.
void send_all_kinds_of_requests(std::uint16_t port) {
    CHECK(http_get(port, "/metrics", "Accept-Encoding: gzip\r\n").status == 200);
    CHECK(http_get(port, "/-/healthy").status == 200);
    CHECK(http_get(port, "/").status == 200);
    CHECK(http_get(port, "/../../etc/passwd").status == 404);
    CHECK(http_get(port, "/metrics", "Content-Length: 18446744073709551617\r\n").status == 400);
    const std::string garbage(20'000, '\xff');
    const Fd bad = connect_to_port(port);
    send(bad.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL);
    connect_to_port(port);
    std::vector<Fd> many;
    for (int i = 0; i < 100; ++i) {
        many.push_back(connect_to_port(port));
    }
    CHECK(http_get(port, "/metrics").status == 200);
}

/// The lines of strace's output with ENOSYS after the filter of a process or thread, without calls
/// for which the C library has a fallback.
std::vector<std::string> refused_calls(const std::string& file) {
    std::vector<std::string> refused;
    std::set<std::string> limited;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        const std::string pid = line.substr(0, line.find(' '));
        if (line.find("seccomp(SECCOMP_SET_MODE_FILTER") != std::string::npos) {
            limited.insert(pid);
        }
        if (limited.count(pid) == 0) {
            continue;
        }
        // A thread inherits the filter.
        if (line.find("clone") != std::string::npos && line.find(") = ") != std::string::npos) {
            limited.insert(line.substr(line.rfind(' ') + 1));
        }
        if (line.find("ENOSYS") != std::string::npos && line.find("clone3") == std::string::npos) {
            refused.push_back(line.substr(0, 200));
        }
    }
    CHECK(!limited.empty());
    return refused;
}

} // namespace

TEST_CASE("privileges: all threads of a tracer keep only what it still needs", "[privileges]") {
    if (!can_trace()) {
        return;
    }
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
        REQUIRE(limits_system_calls(tracer.command()));
        check_kept(tracer.command().pid(), kept_by_tracers);
        for (const Privileges& thread : privileges_of_threads(tracer.command().pid())) {
            CHECK((thread.bounding & ~kept_by_tracers) == 0);
            CHECK(thread.no_new);
            CHECK(thread.limited);
        }
        tracer.command().signal(SIGINT);
        tracer.wait();
    }
}

TEST_CASE("privileges: recordings are read and reported without capabilities", "[privileges]") {
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
        {"trace", "--from", recording},
        {"summary", "--from", recording},
        {"what-if", "--from", recording},
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
        close_in(ns, 5);
        const CommandResult result = command.wait(Milliseconds(60000));
        INFO(arguments[0] << ": " << result.err);
        CHECK(result.exit_status != 1);
        CHECK(refused_calls(calls).empty());
    }
}

TEST_CASE(
    "privileges: top keeps what it needs, and makes no system call that its table does not list",
    "[privileges][top]") {
    if (!can_trace() || !has_terminal()) {
        return;
    }
    const TempDir dir;
    const std::string calls = dir.file("calls");
    const TestNamespace ns;
    const std::string recording = std::string(TWTRACE_SOURCE) + "/docs/demo.twr";
    for (const std::string& source : {"-i 0.2 --netns " + ns.path(), "--from " + recording}) {
        INFO(source);
        const Terminal terminal(100, 30);
        terminal.enter("strace -f -qq -o " + calls + " " + twtrace_binary() + " top " + source);
        terminal.await("q quit");
        const std::vector<pid_t> tracer = children_of(terminal.pid_of("strace"));
        REQUIRE(tracer.size() == 1);
        await("it has given up privileges", [&] {
            const auto threads = privileges_of_threads(tracer[0]);
            return std::all_of(threads.begin(), threads.end(),
                               [](const Privileges& thread) { return thread.limited; });
        });
        const bool replays = source.find("--from") == 0;
        check_kept(tracer[0], replays ? 0 : kept_by_tracers);
        close_in(ns, 5);
        for (const char* key : {"Down", "Enter", "Escape", "?", "Escape", "s", "g"}) {
            terminal.press(key);
        }
        terminal.resize(80, 24);
        terminal.await("q quit");
        terminal.press("q");
        await("top has ended", [&] { return terminal.pid_of("strace") == 0; });
        CHECK(refused_calls(calls).empty());
    }
}

TEST_CASE("privileges: the process that parses HTTP requests has no privileges",
          "[privileges][exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Exporter exporter(ns);
    const pid_t front = exporter.front_pid();
    REQUIRE(front > 0);
    if (!limits_system_calls(exporter.tracer().command())) {
        WARN("SKIP: system calls are not limited here");
        return;
    }
    check_has_nothing(front);
    CHECK(descriptors_of(front) ==
          std::set<std::string>{"/dev/null", "anon_inode:[eventpoll]", "socket"});
    send_all_kinds_of_requests(exporter.port());
    CHECK(exporter.front_pid() == front);
    CHECK(exporter.tracer().stop().exit_status == 0);
    CHECK(is_gone(front));
}

TEST_CASE("privileges: the process that parses files of container runtimes has no privileges",
          "[privileges][containers]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer({"summary", "--netns", ns.path()});
    if (!limits_system_calls(tracer.command())) {
        WARN("SKIP: system calls are not limited here");
        return;
    }
    const std::vector<pid_t> children = children_of(tracer.command().pid());
    REQUIRE(children.size() == 1);
    check_has_nothing(children[0]);
    CHECK(descriptors_of(children[0]) == std::set<std::string>{"/dev/null", "socket"});
    CHECK(tracer.stop().exit_status == 0);
    CHECK(is_gone(children[0]));
}

TEST_CASE("privileges: without the capability to change its user, the parser keeps the user",
          "[privileges][exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    // As in deploy/kubernetes.
    Tracer tracer({"exporter", "--listen", "127.0.0.1:0", "--netns", ns.path()},
                  with_documented_capabilities());
    const pid_t front = front_of(tracer.command().pid());
    REQUIRE(front > 0);
    CHECK(tracer.command().err().find("user 0 (may not change it), capabilities: none") !=
          std::string::npos);
    const std::vector<Privileges> threads = privileges_of_threads(front);
    REQUIRE(threads.size() == 1);
    CHECK(threads[0].effective == 0);
    CHECK(threads[0].permitted == 0);
    CHECK(tracer.stop().exit_status == 0);
    CHECK(is_gone(front));
}

TEST_CASE("privileges: the exporter ends when the process that parses requests ends",
          "[privileges][exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Exporter exporter(ns);
    REQUIRE(kill(exporter.front_pid(), SIGKILL) == 0);
    const CommandResult result = exporter.tracer().wait();
    INFO(result.err);
    CHECK(result.exit_status == 1);
    CHECK(
        result.err.find("twtrace: the process that answers HTTP requests was ended by signal 9") !=
        std::string::npos);
}

TEST_CASE("privileges: the process that parses requests ends when the exporter ends",
          "[privileges][exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    // Stopped, it can't notice that its channel is closed.
    for (const bool stopped : {false, true}) {
        for (const int signal : {SIGTERM, SIGKILL}) {
            INFO("signal " << signal << (stopped ? ", stopped" : ""));
            Exporter exporter(ns);
            const pid_t front = exporter.front_pid();
            REQUIRE(front > 0);
            REQUIRE((!stopped || kill(front, SIGSTOP) == 0));
            exporter.tracer().command().signal(signal);
            CHECK(exporter.tracer().wait().exit_status == (signal == SIGTERM ? 0 : 128 + SIGKILL));
            CHECK(wait_until([&] { return is_gone(front); }, Milliseconds(10000)));
        }
    }
}

TEST_CASE("privileges: no request causes a refused system call", "[privileges][exporter]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::string calls = dir.file("calls");
    const std::uint16_t port = free_port();
    Command command({"strace", "-f", "-qq", "-o", calls, twtrace_binary(), "exporter", "--netns",
                     ns.path(), "--listen", "127.0.0.1:" + std::to_string(port)});
    await(
        "it answers", [&] { return http_get(port, "/metrics").status == 200; },
        Milliseconds(30000));
    send_all_kinds_of_requests(port);
    const std::vector<pid_t> traced = children_of(command.pid());
    REQUIRE(traced.size() == 1);
    kill(traced[0], SIGTERM);
    CHECK(command.wait(Milliseconds(30000)).exit_status == 0);
    CHECK(refused_calls(calls).empty());
}
