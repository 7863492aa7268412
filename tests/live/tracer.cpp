#include "tracer.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iterator>

#include "catch2.h"
#include "errors.h"

namespace live {

namespace {

std::vector<std::string> command_line(std::vector<std::string> arguments,
                                      const std::vector<std::string>& before = {}) {
    arguments.insert(arguments.begin(), twtrace_binary());
    arguments.insert(arguments.begin(), before.begin(), before.end());
    arguments.emplace_back("-v");
    return arguments;
}

std::string probe() {
    Command command(command_line({"trace", "-o", "json"}));
    const bool traces = wait_until(
        [&] { return command.err().find("tracing") != std::string::npos || !command.running(); },
        program_bound);
    if (traces && command.running()) {
        return {};
    }
    const std::string words = command.err();
    return words.empty() ? "twtrace said nothing" : words;
}

} // namespace

std::string twtrace_binary() {
    const char* named = std::getenv("TWTRACE");
    return named != nullptr ? named : TWTRACE_BINARY;
}

const std::string& why_no_tracing() {
    static const std::string reason = probe();
    return reason;
}

bool can_trace() {
    if (why_no_tracing().empty()) {
        return true;
    }
    const char* required = std::getenv("TWTRACE_REQUIRE_BPF");
    if (required != nullptr && std::string(required) == "1") {
        FAIL("twtrace cannot trace here, and TWTRACE_REQUIRE_BPF=1: " << why_no_tracing());
    }
    WARN("SKIP: twtrace cannot trace here: " << why_no_tracing());
    return false;
}

Tracer::Tracer(std::vector<std::string> arguments, const std::vector<std::string>& before)
    : command_(command_line(std::move(arguments), before)) {
    const bool ready = wait_until(
        [&] { return command_.err().find("tracing") != std::string::npos || !command_.running(); },
        program_bound);
    check(ready && command_.running(), "twtrace did not get ready; stderr: " + command_.err());
}

CommandResult Tracer::stop() {
    command_.signal(SIGINT);
    return command_.wait(program_bound);
}

std::vector<std::string> with_documented_capabilities() {
    const std::string kept = "-all,+bpf,+perfmon,+sys_ptrace";
    return {"setpriv", "--inh-caps", kept, "--bounding-set", kept};
}

Tracer trace_all(const TestNamespace& ns, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"trace", "-o", "json", "--all", "--netns", ns.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Tracer(std::move(arguments));
}

std::vector<nlohmann::json> parse_events(const std::string& out) {
    std::vector<nlohmann::json> events;
    for (const std::string& line : lines_of(out)) {
        try {
            events.push_back(nlohmann::json::parse(line));
        } catch (const nlohmann::json::exception& error) {
            throw std::runtime_error(std::string(error.what()) + " in line: " + line);
        }
    }
    return events;
}

std::vector<nlohmann::json> of_type(const std::vector<nlohmann::json>& events,
                                    const std::string& type) {
    std::vector<nlohmann::json> some;
    std::copy_if(events.begin(), events.end(), std::back_inserter(some),
                 [&](const nlohmann::json& event) { return event.at("type") == type; });
    return some;
}

} // namespace live
