// A script that runs a client in a loop: processes with one name share a line with the script's
// name.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "catch2.h"
#include "doctor.h"
#include "reader.h"
#include "terminal.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int runs = 150;
constexpr int closes_each = 3;

/// check_backend.sh, which runs "curl" this number of times: a shell with that name that closes
/// connections.
class Script {
  public:
    Script() {
        std::filesystem::copy_file("/bin/bash", dir_.file("curl"));
        write_file(path(), "#!/bin/bash\nfor ((run = 0; run < " + std::to_string(runs) +
                               "; run++)); do " + dir_.file("curl") + " -c '" +
                               Reader::closes(closes_each) + "'; done\n");
        check_call(chmod(path().c_str(), 0755), "chmod");
    }
    std::string path() const { return dir_.file("check_backend.sh"); }
    void run(const TestNamespace& ns) const {
        const CommandResult result = run_command({path()}, ns.path(), Milliseconds(60000));
        check(result.exit_status == 0, "the script failed: " + result.err);
    }

  private:
    TempDir dir_;
};

std::string summary_of(const TestNamespace& ns, const Script& script,
                       const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"summary", "--netns", ns.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Tracer tracer(arguments);
    script.run(ns);
    return tracer.stop().out;
}

std::vector<json> of_curl(const std::string& document) {
    std::vector<json> groups;
    const json parsed = json::parse(document);
    for (const json& group : parsed.at("groups")) {
        if (group.at("service") == "curl") {
            groups.push_back(group);
        }
    }
    return groups;
}

} // namespace

TEST_CASE("churn: processes of one name with few closes share one row of the summary", "[churn]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const Script script;
    const std::string document = summary_of(ns, script, {"-o", "json"});
    INFO(document);
    const std::vector<json> groups = of_curl(document);
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].at("processes") == runs);
    CHECK(groups[0].at("parent") == "check_backend.sh");
    CHECK(groups[0].at("pid") == nullptr);
    CHECK(groups[0].at("time_wait") == runs * closes_each);

    const std::string table = summary_of(ns, script, {});
    INFO(table);
    const std::vector<std::string> lines = lines_of(table);
    CHECK(lines.at(0).find("PROCS STARTED BY") != std::string::npos);
    CHECK(lines.at(1).find("150 check_backend.sh client       450") != std::string::npos);

    CHECK(of_curl(summary_of(ns, script, {"-o", "json", "-w"})).size() == runs);
}

TEST_CASE("churn: the doctor names the script", "[churn]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const Script script;
    const Diagnosis diagnosis = diagnose(ns, [&] { script.run(ns); });
    const json* finding = diagnosis.finding("connection-per-request");
    INFO(diagnosis.document.dump());
    REQUIRE(finding != nullptr);
    CHECK(finding->at("title").get<std::string>().find(
              "curl (150 processes started by check_backend.sh)") == 0);
}

TEST_CASE("churn: they share one line of top", "[churn]") {
    if (!can_trace() || !has_terminal()) {
        return;
    }
    const TestNamespace ns;
    const Reader reader(ns);
    const Script script;
    const Terminal terminal(120, 30);
    terminal.enter(twtrace_binary() + " top -i 0.2 --netns " + ns.path());
    terminal.await("no connection has entered");
    script.run(ns);
    terminal.await("x150 curl of check_backend.sh client");
    terminal.press("q");
}
