// Messages and exit status of twtrace when it can't trace, or when its reader stops.
#include <csignal>
#include <filesystem>

#include "catch2.h"
#include "tracer.h"
#include "worker.h"

using namespace live;

namespace {

std::vector<Job> some_closes() {
    const Job job{&closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client};
    return std::vector<Job>(20, job);
}

bool binary_exists() {
    if (std::filesystem::exists(twtrace_binary())) {
        return true;
    }
    WARN("SKIP: no " << twtrace_binary());
    return false;
}

/// Closes connections in ns until the command ends; false if it doesn't within the bound.
bool closes_end_it(const TestNamespace& ns, Command& command) {
    return wait_until(
        [&] {
            run_jobs(ns, some_closes());
            return !command.running();
        },
        program_bound);
}

} // namespace

TEST_CASE("refusals: without privileges, one line and status 1", "[refusals]") {
    if (!binary_exists()) {
        return;
    }
    const TempDir dir;
    // The user nobody may have no access to the build directory.
    const std::string copy = dir.file("twtrace");
    std::filesystem::copy_file(twtrace_binary(), copy);
    for (const char* what : {"trace", "summary"}) {
        const CommandResult result = run_command({"setpriv", "--reuid", "65534", "--regid", "65534",
                                                  "--clear-groups", copy, what, "-d", "1"});
        INFO(what << ": " << result.err);
        CHECK(result.exit_status == 1);
        CHECK(result.out.empty());
        CHECK(lines_of(result.err).size() == 1);
    }
}

TEST_CASE("refusals: wrong usage is status 2", "[refusals]") {
    if (!binary_exists()) {
        return;
    }
    const std::vector<std::vector<std::string>> wrong{{"trace", "-p", "abc"},
                                                      {"trace", "-p", "0"},
                                                      {"trace", "-L", "70000"},
                                                      {"trace", "-D", "0"},
                                                      {"trace", "-o", "yaml"},
                                                      {"trace", "-d", "-1"},
                                                      {"trace", "-d", "soon"},
                                                      {"trace", "-n", "0"},
                                                      {"trace", "--no-such-option"},
                                                      {"no-such-command"},
                                                      {"summary", "-g", "weather"},
                                                      {"trace", "-L", "80,,90"},
                                                      {"trace", "--netns", "/no/such/path"}};
    for (const auto& arguments : wrong) {
        std::vector<std::string> argv{twtrace_binary()};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        const CommandResult result = run_command(argv);
        INFO(arguments.front() << " " << arguments.back() << ": " << result.err);
        CHECK(result.exit_status == 2);
        CHECK(result.out.empty());
        CHECK(!result.err.empty());
    }
}

TEST_CASE("refusals: it ends without an error when the reader of its output ends", "[refusals]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const std::string line = "'" + twtrace_binary() + "' trace -o json --netns " + ns.path() +
                             " | head -1; echo \"${PIPESTATUS[0]}\"";
    Command command({"bash", "-c", line});
    REQUIRE(closes_end_it(ns, command));
    const CommandResult result = command.wait();
    INFO("stderr: " << result.err);
    const auto lines = lines_of(result.out);
    REQUIRE(lines.size() == 2);
    CHECK(nlohmann::json::parse(lines[0]).at("type") == "time_wait");
    CHECK(lines[1] == "0");
    CHECK(result.err.empty());
}

TEST_CASE("refusals: an output that cannot be written is status 1, in one line", "[refusals]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    for (const char* what : {"trace -o json", "trace", "trace -o csv"}) {
        const std::string line =
            "exec '" + twtrace_binary() + "' " + what + " --netns " + ns.path() + " > /dev/full";
        Command command({"bash", "-c", line});
        REQUIRE(closes_end_it(ns, command));
        const CommandResult result = command.wait();
        INFO(what << ": " << result.err);
        CHECK(result.exit_status == 1);
        CHECK(lines_of(result.err).size() == 1);
    }
}

TEST_CASE("refusals: closed standard descriptors are not reused for its own files", "[refusals]") {
    if (!can_trace()) {
        return;
    }
    const std::string program = "'" + twtrace_binary() + "' ";
    const CommandResult nowhere = run_command({"bash", "-c", program + "list >&-"});
    CHECK(nowhere.exit_status == 1);
    CHECK(nowhere.err.find("cannot write") != std::string::npos);
    const TestNamespace ns; // without any connections
    const CommandResult silent =
        run_command({"bash", "-c", program + "trace -d 0.1 --netns " + ns.path() + " <&- 2>&-"});
    CHECK(silent.exit_status == 0);
    CHECK(lines_of(silent.out).size() == 1); // the header
}

TEST_CASE("refusals: SIGTERM ends it too", "[refusals]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer = trace_all(ns);
    tracer.command().signal(SIGTERM);
    CHECK(tracer.wait().exit_status == 0);
}
