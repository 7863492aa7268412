// twtrace itself, run as a black box.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.h"
#include "netns.h"

namespace live {

/// $TWTRACE, else the binary that the build made.
std::string twtrace_binary();

/// Empty if twtrace can trace here, else its own words why not. Asked once a process.
const std::string& why_no_tracing();
/// True if a live test can go on; else says SKIP and why, or fails if TWTRACE_REQUIRE_BPF=1.
bool can_trace();

/// A running twtrace that has attached its programs: what happens from here on must be seen.
class Tracer {
  public:
    /// `-v` is added: its "tracing" line says that the programs are attached.
    /// `before`: what it is started by, such as without_v1_cgroups().
    explicit Tracer(std::vector<std::string> arguments,
                    const std::vector<std::string>& before = {});
    /// Ctrl-C, and what it had to say.
    CommandResult stop();
    /// For those that end by themselves (-d, -n).
    CommandResult wait(Milliseconds bound = Milliseconds(10000)) { return command_.wait(bound); }
    std::string out() const { return command_.out(); }
    Command& command() { return command_; }

  private:
    Command command_;
};

/// trace -o json --all, in this namespace only, and `more`.
Tracer trace_all(const TestNamespace& ns, const std::vector<std::string>& more = {});
/// A JSON object a line; throws, with the line, where one is not.
std::vector<nlohmann::json> parse_events(const std::string& out);
std::vector<nlohmann::json> of_type(const std::vector<nlohmann::json>& events,
                                    const std::string& type);

} // namespace live
