// `-- COMMAND` in typical uses: through sudo, in a container, with any cgroup hierarchies, with the
// programs that tests and benchmarks consist of.
#include <sys/stat.h>

#include <filesystem>

#include "catch2.h"
#include "cgroups.h"
#include "container.h"
#include "errors.h"
#include "nginx.h"
#include "programs.h"
#include "reader.h"
#include "terminal.h"
#include "tracer.h"
#include "witness.h"

using namespace live;
using nlohmann::json;

namespace {

Argv summary_of(const TempDir& dir, const Argv& command) {
    return Argv{twtrace_binary(),         "summary", "-o", "json", "--output-file",
                dir.file("summary.json"), "--"} +
           command;
}

Argv bash(const std::string& script) {
    return {"bash", "-c", script};
}

int entries_in(const TempDir& dir) {
    const json summary = json::parse(read_file(dir.file("summary.json")));
    INFO(summary.dump());
    return summary.at("totals").at("time_wait");
}

/// A mount namespace in which the user nobody may run everything with sudo; this host's sudoers
/// stay unchanged.
Argv where_nobody_may_sudo(const TempDir& dir) {
    const std::string file = dir.file("sudoers");
    write_file(file, "Defaults !lecture\nnobody ALL=(root) NOPASSWD: ALL\n");
    check_call(chmod(file.c_str(), 0440), "chmod");
    Argv prefix = in_own_mounts(R"(mount --bind "$1" /etc/sudoers && shift && exec "$@")");
    prefix.push_back(file);
    return prefix;
}

const Argv as_nobody{"setpriv", "--reuid=65534", "--regid=65534", "--init-groups"};
const Argv sudo{"sudo", "-n"};

/// These words, quoted for a shell.
std::string quoted(const Argv& words) {
    std::string line;
    for (const std::string& word : words) {
        line += line.empty() ? "'" : " '";
        for (const char c : word) {
            line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        }
        line += "'";
    }
    return line;
}

bool has_sudo() {
    return can_trace() && have_programs({"/usr/bin/sudo"});
}

} // namespace

TEST_CASE("command: through sudo it has the caller's ids, environment and directory", "[command]") {
    if (!has_sudo()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const TempDir dir;
    const std::string script = "id -u; id -g; id -G; echo $HOME $USER $LOGNAME; "
                               "env | grep -c ^SUDO_; pwd; " +
                               Reader::closes(4) + "; exit 9";
    const CommandResult result =
        run_command(where_nobody_may_sudo(dir) + as_nobody + Argv{"env", "-C", "/tmp"} + sudo +
                        summary_of(dir, bash(script)),
                    ns.path(), Milliseconds(60000));
    INFO(result.err);
    CHECK(result.out == "65534\n65534\n65534\n/nonexistent nobody nobody\n0\n/tmp\n");
    CHECK(result.exit_status == 9);
    CHECK(entries_in(dir) == 4);
}

TEST_CASE("command: run by twtrace through sudo, it owns the terminal, and ^C ends it but not the "
          "summary",
          "[command]") {
    if (!has_sudo() || !has_terminal()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const TempDir dir;
    check_call(chmod(dir.path().c_str(), 0755), "chmod"); // the command runs as nobody
    const auto enter = [&](const Terminal& terminal, const std::string& script) {
        write_file(dir.file("script"), script);
        terminal.enter(quoted(Argv{"nsenter", "--net=" + ns.path()} + where_nobody_may_sudo(dir) +
                              as_nobody + sudo + summary_of(dir, {"bash", dir.file("script")})) +
                       "; echo status $?");
    };
    const Terminal terminal(120, 30);
    SECTION("a question") {
        enter(terminal, "read -p 'your name? ' name </dev/tty\n" + Reader::closes(3) +
                            "\necho \"hello $name, you are $(id -u)\"\n");
        terminal.await("your name?");
        terminal.enter("Ada");
        terminal.await("hello Ada, you are 65534");
        terminal.await("status 0");
    }
    SECTION("^C") {
        enter(terminal, Reader::closes(3) + "\necho now\nexec sleep 1000\n");
        terminal.await("now");
        terminal.press("C-c");
        terminal.await("status 130");
    }
    CHECK(entries_in(dir) == 3);
}

TEST_CASE("command: followed in a container", "[command][containers]") {
    if (!can_trace() || !have_programs({"/usr/sbin/runc"}) || !TestCgroups::can_make()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const TempDir dir;
    const TestCgroups cgroups;
    const std::string id = "1d" + std::string(62, '4');
    Container container(
        {id,
         cgroups.root() + "/docker/" + id,
         ns.path(),
         summary_of(dir, bash("(" + Reader::closes(6) + "); " + Reader::closes(5) + "; exit 8")),
         {dir.path(), std::filesystem::canonical(twtrace_binary()).parent_path()}});
    const CommandResult result = container.command().wait(Milliseconds(60000));
    INFO(result.out << result.err);
    CHECK(result.exit_status == 8);
    CHECK(entries_in(dir) == 11);
}

TEST_CASE("command: only cgroup v1 is mounted", "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const TempDir dir;
    const CommandResult result =
        run_command(without_cgroups("cgroup2") +
                        summary_of(dir, bash("(" + Reader::closes(9) + "); " + Reader::closes(8))),
                    ns.path(), Milliseconds(60000));
    INFO(result.err);
    CHECK(result.exit_status == 0);
    CHECK(entries_in(dir) == 17);
}

TEST_CASE("command: curl in a loop and ab, with their server outside the command",
          "[command][nginx]") {
    if (!can_trace() || nginx_binary().empty()) {
        return;
    }
    const TestNamespace ns;
    // The client sends `Connection: close`, and nginx closes first.
    const Nginx server(ns, "server { listen 127.0.0.1:8001; location / { return 200 ok; } }", 8001);
    const auto watched = [&](const Argv& command) {
        const TempDir dir;
        const Witness witness;
        const KernelCounters before = ns.counters();
        const CommandResult result =
            run_command(summary_of(dir, command), ns.path(), Milliseconds(60000));
        INFO(result.out << result.err);
        CHECK(result.exit_status == 0);
        const std::uint64_t kernel = (ns.counters() - before).scheduled();
        const auto hidden = static_cast<int>(witness.hidden_entries());
        return std::pair(entries_in(dir) + hidden, static_cast<int>(kernel));
    };
    SECTION("curl") {
        if (!have_programs({"/usr/bin/curl"})) {
            return;
        }
        // The client closes its idle connection when it ends.
        const auto [counted, kernel] =
            watched(bash("for i in {1..20}; do curl -s http://127.0.0.1:8001/; done"));
        CHECK(counted == 20);
        CHECK(kernel == 20);
    }
    SECTION("ab") {
        if (!have_programs({"/usr/bin/ab"})) {
            return;
        }
        const auto [counted, kernel] =
            watched({"ab", "-n", "50", "-c", "5", "http://127.0.0.1:8001/"});
        CHECK(kernel - counted == 50); // closes of the server do not belong to the command
    }
}
