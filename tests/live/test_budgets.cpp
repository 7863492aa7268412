// summary --fail-if: the exit status and the named services.
#include <unistd.h>

#include "catch2.h"
#include "tracer.h"
#include "worker.h"

using namespace live;

namespace {

CommandResult summary_with(const TestNamespace& ns, std::size_t closes,
                           const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"summary", "--netns", ns.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Tracer tracer(arguments);
    run_jobs(ns, std::vector<Job>(closes, Job{&closing_kind("shutdown_then_peer_closes"),
                                              Family::V4, Role::Client}));
    return tracer.stop();
}

} // namespace

TEST_CASE("budgets: an exceeded budget gives exit status 4 and a line that names the closer",
          "[budgets]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const CommandResult result =
        summary_with(ns, 30,
                     {"--fail-if", "time_wait > 20", "--fail-if", "port_exhausted > 0", "--junit",
                      dir.file("verdicts.xml")});
    INFO(result.err);
    CHECK(result.exit_status == 4);
    CHECK(result.err.find("budget exceeded: time_wait > 20: it is 30, most of it by ") !=
          std::string::npos);
    CHECK(result.err.find("port_exhausted") == std::string::npos);
    const std::string xml = read_file(dir.file("verdicts.xml"));
    CHECK(xml.find("tests=\"2\" failures=\"1\"") != std::string::npos);
}

TEST_CASE("budgets: a budget that is not exceeded gives exit status 0; one interval can exceed it",
          "[budgets]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    CHECK(summary_with(ns, 20, {"--fail-if", "time_wait > 20"}).exit_status == 0);
    CHECK(summary_with(ns, 21, {"--fail-if", "time_wait > 20", "-i", "1"}).exit_status == 4);
}

TEST_CASE("budgets: an unknown field is a usage error before tracing starts", "[budgets]") {
    const CommandResult result = run_command({twtrace_binary(), "summary", "--fail-if", "tw > 1"});
    CHECK(result.exit_status == 2);
    CHECK(result.err.find("the fields are: time_wait") != std::string::npos);
    const CommandResult alone = run_command({twtrace_binary(), "summary", "--junit", "/dev/null"});
    CHECK(alone.exit_status == 2);
}
