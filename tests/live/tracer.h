// Runs twtrace as a black box.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.h"
#include "netns.h"

namespace live {

/// $TWTRACE, else the binary of the build.
std::string twtrace_binary();

/// Empty if twtrace can trace here, else its message. Determined once per process.
const std::string& why_no_tracing();
/// True if a live test can continue; else prints SKIP and the reason, or fails if
/// TWTRACE_REQUIRE_BPF=1.
bool can_trace();

/// A running twtrace that has attached its programs: all later events must be seen.
class Tracer {
  public:
    /// `-v` is added: its "tracing" line means that the programs are attached. `before`: a command
    /// prefix, such as without_cgroups().
    explicit Tracer(std::vector<std::string> arguments,
                    const std::vector<std::string>& before = {});
    /// Sends SIGINT and returns the output.
    CommandResult stop();
    /// For commands that end by themselves (-d, -n).
    CommandResult wait(Milliseconds bound = program_bound) { return command_.wait(bound); }
    std::string out() const { return command_.out(); }
    Command& command() { return command_; }
    const Command& command() const { return command_; }

  private:
    Command command_;
};

/// Prefix of a command: only BPF, PERFMON and SYS_PTRACE, as the systemd unit and the DaemonSet
/// have.
std::vector<std::string> with_documented_capabilities();

/// trace -o json --all, in this namespace only, and `more`.
Tracer trace_all(const TestNamespace& ns, const std::vector<std::string>& more = {});
/// Parses one JSON object per line; throws, with the line, if one is invalid.
std::vector<nlohmann::json> parse_events(const std::string& out);
std::vector<nlohmann::json> of_type(const std::vector<nlohmann::json>& events,
                                    const std::string& type);

} // namespace live
