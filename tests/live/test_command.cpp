// `twtrace summary -- COMMAND`: the closes of a command and its descendants, and no others.
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "catch2.h"
#include "cgroups.h"
#include "reader.h"
#include "terminal.h"
#include "tracer.h"
#include "witness.h"

using namespace live;
using nlohmann::json;

namespace {

struct Watched {
    CommandResult result;
    json summary;
    std::uint64_t kernel = 0; ///< counted in the namespace
    std::uint64_t hidden = 0; ///< of them, which no BPF program can see (witness.h)
};

std::vector<std::string> with(std::vector<std::string> first,
                              const std::vector<std::string>& more) {
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

std::vector<std::string> summary_of(const TempDir& dir, const std::vector<std::string>& command,
                                    const std::vector<std::string>& options = {}) {
    return with(
        with({twtrace_binary(), "summary", "-o", "json", "--output-file", dir.file("summary.json")},
             options),
        with({"--"}, command));
}

/// All in one namespace, which contains only the server in addition.
Watched watch(const TestNamespace& ns, const std::vector<std::string>& command,
              const std::vector<std::string>& before = {},
              const std::vector<std::string>& options = {}) {
    const TempDir dir;
    const Witness witness;
    const KernelCounters at_start = ns.counters();
    Watched watched;
    watched.result = run_command(with(before, summary_of(dir, command, options)), ns.path(),
                                 Milliseconds(120000));
    INFO(watched.result.err);
    watched.kernel = (ns.counters() - at_start).scheduled();
    watched.hidden = witness.hidden_entries();
    const std::string text = read_file(dir.file("summary.json"));
    check(!text.empty(), "no summary; stderr: " + watched.result.err);
    watched.summary = json::parse(text);
    return watched;
}

std::vector<std::string> bash(const std::string& script) {
    return {"bash", "-c", script};
}

std::uint64_t entries(const Watched& watched) {
    return watched.summary.at("totals").at("time_wait").get<std::uint64_t>() + watched.hidden;
}

/// The number after "(pid "; 0: none.
int named_pid(const std::string& text) {
    const std::size_t at = text.find("(pid ");
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + 5));
}

} // namespace

TEST_CASE("command: a pipeline's closes equal the kernel's; stdout and status are the pipeline's",
          "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const Watched watched =
        watch(ns, bash("{ " + Reader::closes(20) + "; echo out; } | { cat; " + Reader::closes(15) +
                       "; } | cat; " + Reader::closes(5) + "; exit 3"));
    INFO(watched.summary.dump() << watched.result.err);
    CHECK(watched.result.exit_status == 3);
    CHECK(watched.result.out == "out\n");
    CHECK(watched.result.err.empty());
    CHECK(watched.kernel == 40);
    CHECK(entries(watched) == watched.kernel);
}

TEST_CASE("command: without a file the document goes to standard error, in trace and doctor too",
          "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const auto run = [&](const std::string& name) {
        return run_command({twtrace_binary(), name, "-o", "json", "--", "bash", "-c",
                            Reader::closes(10) + "; echo out"},
                           ns.path());
    };
    const CommandResult summary = run("summary");
    CHECK(summary.out == "out\n");
    CHECK(summary.exit_status == 0);
    CHECK(json::parse(summary.err).at("totals").at("time_wait") == 10);
    const CommandResult trace = run("trace");
    CHECK(trace.out == "out\n");
    CHECK(trace.exit_status == 0);
    CHECK(of_type(parse_events(trace.err), "time_wait").size() == 10);
    const CommandResult doctor = run("doctor");
    CHECK(doctor.out == "out\n");
    CHECK(json::parse(doctor.err).at("schema") == "twtrace.doctor/1");
}

TEST_CASE("command: a recording contains only the closes of the command", "[command][recording]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const TempDir dir;
    const std::string path = dir.file("a.twr");
    const Command other(bash("while :; do " + Reader::closes(10) + "; done"), ns.path());
    const CommandResult recorded = run_command(
        with({twtrace_binary(), "record", "-o", path, "--"},
             bash("(" + Reader::closes(11) + "); " + Reader::closes(8) + "; echo out; exit 5")),
        ns.path(), Milliseconds(120000));
    INFO(recorded.err);
    CHECK(recorded.exit_status == 5);
    CHECK(recorded.out == "out\n");
    CHECK(lines_of(recorded.err).size() == 1);
    const CommandResult replayed =
        run_command({twtrace_binary(), "summary", "-o", "json", "--from", path});
    INFO(replayed.out << replayed.err);
    const json summary = json::parse(replayed.out);
    CHECK(summary.at("totals").at("time_wait") == 19);
    const json& accounting = summary.at("accounting");
    CHECK(accounting.at("captured").get<int>() - accounting.at("filtered").get<int>() == 19);
    // A filter of the replay is combined with that of the recorder.
    const CommandResult budget = run_command(
        {twtrace_binary(), "summary", "--from", path, "-c", "bash", "--fail-if", "time_wait > 18"});
    CHECK(budget.exit_status == 4);
}

TEST_CASE("command: what-if predicts for the command only", "[command][whatif]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const TempDir dir;
    const std::string file = dir.file("what-if.json");
    const auto run = [&](const std::vector<std::string>& options) {
        return run_command(with(with({twtrace_binary(), "what-if", "-o", "json"}, options),
                                with({"--"}, bash(Reader::closes(12) + "; echo out; exit 6"))),
                           ns.path(), Milliseconds(120000));
    };
    const CommandResult to_stderr = run({});
    CHECK(to_stderr.exit_status == 6);
    CHECK(to_stderr.out == "out\n");
    const CommandResult to_file = run({"--output-file", file});
    CHECK(to_file.err.empty());
    for (const std::string& text : {to_stderr.err, read_file(file)}) {
        const json document = json::parse(text);
        REQUIRE(document.at("predictions").size() == 1);
        CHECK(document.at("predictions").at(0).at("closes") == 12);
        CHECK(document.at("predictions").at(0).at("service_port") == Reader::port);
    }
}

TEST_CASE("command: other traffic of the same program is not counted", "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const TempDir dir;
    Command other(
        bash("while :; do " + Reader::closes(10) + "; touch " + dir.file("ten") + "; done"),
        ns.path());
    // The file may be from closes before the trace, but not the one after it.
    const std::string ten =
        "rm -f " + dir.file("ten") + "; until [ -e " + dir.file("ten") + " ]; do :; done; ";
    const Watched watched =
        watch(ns, bash(ten + Reader::closes(7) + "; " + ten + Reader::closes(5)));
    other.signal(SIGKILL);
    INFO(watched.summary.dump() << watched.result.err);
    CHECK(entries(watched) == 12);
    CHECK(watched.kernel > 12);
    CHECK(watched.summary.at("accounting").at("filtered").get<int>() >= 9);
}

TEST_CASE("command: a double fork is followed; a remaining process is named and not stopped",
          "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const TempDir dir;
    const Watched watched =
        watch(ns, bash("(setsid bash -c '" + Reader::closes(30) + "; touch " + dir.file("closed") +
                       "; exec sleep 1000' >/dev/null 2>&1 </dev/null &) ; until [ -e " +
                       dir.file("closed") + " ]; do :; done"));
    INFO(watched.summary.dump() << watched.result.err);
    CHECK(watched.kernel == 30);
    CHECK(entries(watched) == 30);
    CHECK(watched.result.exit_status == 0);
    CHECK(watched.result.err.find("left processes running: sleep (pid ") != std::string::npos);
    const int pid = named_pid(watched.result.err);
    REQUIRE(pid > 1);
    CHECK(kill(pid, SIGKILL) == 0); // it was still running
}

TEST_CASE("command: twtrace waits for children that end shortly after it", "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const Watched watched = watch(ns, bash("(" + Reader::closes(50) + ") & exit 0"));
    INFO(watched.summary.dump() << watched.result.err);
    CHECK(watched.kernel == 50);
    CHECK(entries(watched) == 50);
    CHECK(watched.result.err.empty());
}

TEST_CASE("command: a user that it changes to, and ten thousand forks", "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    SECTION("another user") {
        const Watched watched =
            watch(ns, with({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"},
                           bash(Reader::closes(25))));
        INFO(watched.summary.dump() << watched.result.err);
        CHECK(watched.kernel == 25);
        CHECK(entries(watched) == 25);
    }
    SECTION("forks") {
        const Watched watched = watch(
            ns, bash("for ((f = 0; f < 500; f++)); do for ((g = 0; g < 19; g++)); do (:); done; (" +
                     Reader::closes(1) + "); done"));
        INFO(watched.summary.dump() << watched.result.err);
        CHECK(watched.kernel == 500);
        CHECK(entries(watched) == 500);
        CHECK(watched.result.err.empty());
    }
}

TEST_CASE("command: a signal that ends it gives the status; a signal to twtrace is passed on",
          "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    SECTION("its own") {
        const Watched watched = watch(ns, bash(Reader::closes(5) + "; kill -KILL $$"));
        CHECK(watched.result.exit_status == 128 + SIGKILL);
        CHECK(entries(watched) == 5);
    }
    SECTION("SIGTERM to twtrace") {
        const TempDir dir;
        Command command(summary_of(dir, bash(Reader::closes(5) + "; echo ready; exec sleep 1000")),
                        ns.path());
        await(
            "the command", [&] { return command.out() == "ready\n"; }, Milliseconds(60000));
        command.signal(SIGTERM);
        CHECK(command.wait().exit_status == 128 + SIGTERM);
        CHECK(json::parse(read_file(dir.file("summary.json"))).at("totals").at("time_wait") == 5);
    }
}

TEST_CASE("command: it owns the terminal, and ^C ends it but not the summary", "[command]") {
    if (!can_trace() || !has_terminal()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const TempDir dir;
    const std::string before = "nsenter --net=" + ns.path() + " " + twtrace_binary() +
                               " summary -o json --output-file " + dir.file("summary.json") +
                               " -- ";
    const Terminal terminal(100, 30);
    SECTION("a question") {
        write_file(dir.file("ask"), "read -p 'your name? ' name </dev/tty\n" + Reader::closes(3) +
                                        "\necho \"hello $name\"\n");
        terminal.enter(before + "bash " + dir.file("ask"));
        terminal.await("your name?");
        terminal.enter("Ada");
        terminal.await("hello Ada");
        terminal.await("ready>");
        await("the summary", [&] { return !read_file(dir.file("summary.json")).empty(); });
    }
    SECTION("^C") {
        write_file(dir.file("wait"), Reader::closes(3) + "\necho now\nexec sleep 1000\n");
        terminal.enter(before + "bash " + dir.file("wait") + "; echo status $?");
        terminal.await("now");
        terminal.press("C-c");
        terminal.await("status 130");
    }
    CHECK(json::parse(read_file(dir.file("summary.json"))).at("totals").at("time_wait") == 3);
}

TEST_CASE("command: through sudo it runs as the caller, with groups and environment", "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    // The environment variables that sudo sets.
    const Watched watched =
        watch(ns,
              bash("id -u; id -g; id -G; echo $HOME $USER $LOGNAME; env | grep -c ^SUDO_; pwd; " +
                   Reader::closes(4)),
              {"env", "-C", "/tmp", "SUDO_UID=65534", "SUDO_GID=65534", "SUDO_USER=nobody",
               "SUDO_COMMAND=twtrace", "HOME=/root", "USER=root", "LOGNAME=root"});
    INFO(watched.summary.dump() << watched.result.err);
    CHECK(watched.result.out == "65534\n65534\n65534\n/nonexistent nobody nobody\n0\n/tmp\n");
    CHECK(entries(watched) == 4);
    CHECK(watched.kernel == 4);
    const CommandResult odd = run_command(
        {"env", "SUDO_UID=x", twtrace_binary(), "summary", "--", "touch", "/should-not-be"});
    CHECK(odd.exit_status == 1);
    CHECK(odd.err.find("SUDO_UID is 'x'") != std::string::npos);
    struct stat status {};
    CHECK(stat("/should-not-be", &status) != 0);
}

TEST_CASE("command: it inherits no descriptors, signals or limits of twtrace", "[command]") {
    if (!can_trace()) {
        return;
    }
    const std::string probe = "ls /proc/self/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status; "
                              "ulimit -Sn; ulimit -l";
    const TempDir dir;
    const auto start = with({"prlimit", "--nofile=512:1024"}, bash(probe));
    const CommandResult plain = run_command(start);
    const CommandResult watched =
        run_command(with({"prlimit", "--nofile=512:1024"}, summary_of(dir, bash(probe))));
    INFO(watched.err);
    CHECK(watched.out == plain.out);
}

TEST_CASE("command: only cgroup v2 is mounted, and a separate PID namespace", "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const std::string script = "(" + Reader::closes(9) + "); " + Reader::closes(8);
    SECTION("cgroup v2 alone") {
        const Watched watched = watch(ns, bash(script), without_cgroups("cgroup"));
        INFO(watched.summary.dump() << watched.result.err);
        CHECK(entries(watched) == 17);
        CHECK(watched.kernel == 17);
    }
    SECTION("a PID namespace") {
        const Watched watched = watch(ns, bash(script + "; (sleep 1000 &)"),
                                      {"unshare", "--pid", "--fork", "--mount-proc"});
        INFO(watched.summary.dump() << watched.result.err);
        CHECK(entries(watched) == 17);
        CHECK(watched.kernel == 17);
        const int pid = named_pid(watched.result.err);
        CHECK(pid > 1);
        CHECK(pid < 1000);
    }
}

TEST_CASE("command: an exceeded budget gives exit status 4, else the status is the command's",
          "[command]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const auto status = [&](const std::string& budget) {
        const Watched watched =
            watch(ns, bash(Reader::closes(6) + "; exit 7"), {}, {"--fail-if", budget});
        return watched.result.exit_status;
    };
    CHECK(status("time_wait > 5") == 4);
    CHECK(status("time_wait > 6") == 7);
}

TEST_CASE("command: a program that cannot be run and invalid combinations are reported in one line",
          "[command]") {
    if (!can_trace()) {
        return;
    }
    const auto run = [](const std::vector<std::string>& arguments) {
        const CommandResult result = run_command(with({twtrace_binary()}, arguments));
        INFO(result.err);
        CHECK(lines_of(result.err).size() == 1);
        return result.exit_status;
    };
    CHECK(run({"summary", "--", "no-such-program"}) == 127);
    CHECK(run({"summary", "--", "/etc/passwd"}) == 126);
    CHECK(run({"summary", "--"}) == 2);
    CHECK(run({"list", "--", "true"}) == 2);
    CHECK(run({"top", "--", "true"}) == 2);
    CHECK(run({"report", "--", "true"}) == 2);
    CHECK(run({"record", "--", "true"}) == 2);
    CHECK(run({"record", "-o", "/no/such/directory/f", "--", "true"}) == 1);
    CHECK(run({"what-if", "-d", "3", "--", "true"}) == 2);
    CHECK(run({"summary", "-d", "3", "--", "true"}) == 2);
    CHECK(run({"summary", "--output-file", "/no/such/directory/f", "--", "true"}) == 1);
}
