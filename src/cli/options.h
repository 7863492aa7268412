// The command line as a plain value. Only src/cli uses CLI11.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aggregate/grouping.h"
#include "budget/budget.h"
#include "filter/filter.h"
#include "sink/line_sink.h"
#include "util/result.h"
#include "util/socket_address.h"

namespace twtrace {

/// Outside the ports that Prometheus' wiki allots to exporters (9100 to 9999, and from 10000 up).
inline constexpr std::string_view default_listen = "127.0.0.1:10660";

enum class Command { Trace, Top, Summary, List, Doctor, Exporter, Record, Diff, WhatIf, Report };

struct Options {
    Command command = Command::Trace;
    Format format = Format::Table;
    bool wide = false;
    bool verbose = false;
    bool all = false; ///< trace: also passive closes and aborted ones
    Filter filter;
    GroupBy group_by = GroupBy::Process;
    std::chrono::milliseconds duration{0}; ///< 0: until interrupted
    std::uint64_t count = 0;               ///< stop after this many lines or screens; 0: no limit
    std::chrono::milliseconds interval{0}; ///< 0: the command's default
    bool host = false;                     ///< doctor: only check what this host supports
    bool cmdline = false;                  ///< show the arguments of processes
    bool journal = false;                  ///< keep the owners for `list`
    /// Directory that the files of container runtimes are below.
    std::string root = "/";
    bool resolve = false; ///< names of remote addresses
    bool ends = false;    ///< trace, summary: how each minisock ends
    std::uint32_t ring_bytes = 2U << 20;
    std::optional<SocketAddress> listen; ///< exporter; none: default_listen
    std::string auth_file;               ///< exporter: user:password lines; empty: none
    std::string textfile;                ///< exporter: for node_exporter; empty: none
    std::vector<Budget> budgets;         ///< summary: numbers that must not be exceeded
    std::string junit_file;              ///< summary: the verdict on each budget; empty: none
    std::string from;                    ///< read this recording; empty: this host, now
    std::string begin; ///< of a recording: text as wall_time_in() takes it; empty: all of it
    std::string end;
    std::string at;                                         ///< list: the moment; empty: the end
    std::string recording;                                  ///< record: the file or directory
    std::uint64_t max_size_bytes = std::uint64_t{1} << 30U; ///< record: of a directory
    std::uint64_t max_age_s = 0;                            ///< record: of a directory; 0: no limit
    std::vector<std::string> spans;                         ///< diff: two of FILE[@BEGIN..END]
    std::string page;                                       ///< report: the file to write
    std::uint64_t pool = 0;   ///< what-if: idle connections; 0: the best number
    std::uint64_t idle_s = 0; ///< what-if: how long they stay idle; 0: a minute
    std::string output_file;  ///< of the document; empty: see Options::child
    /// The command to run and watch, and its arguments; empty: watch everything. Standard output
    /// belongs to that command: without output_file the document goes to standard error.
    std::vector<std::string> child;
    std::size_t series = 100; ///< exporter: services, peers and namespaces with their own series

    /// An exporter with a textfile but without --listen has no server.
    [[nodiscard]] bool serves_http() const {
        return command == Command::Exporter && (listen || textfile.empty());
    }
    /// A command that does not write there continues when the terminal or pipe is closed.
    [[nodiscard]] bool writes_to_stdout() const {
        return command != Command::Exporter && command != Command::Record && child.empty() &&
               output_file.empty();
    }
    /// Whether the output names parent processes.
    [[nodiscard]] bool wants_parents() const {
        return command == Command::Summary || command == Command::Top ||
               command == Command::Doctor || wants_details();
    }

    /// Whether the output has fields that only the wide table and machine-readable formats show.
    [[nodiscard]] bool wants_details() const {
        return command == Command::Record ||
               ((command == Command::Trace || command == Command::Summary) &&
                (wide || format != Format::Table));
    }
};

/// The options, or the text to print instead of running (--help, --version: exit status Ok with the
/// text for stdout).
struct ParsedCommandLine {
    Options options;
    std::optional<std::string> print_and_exit;
};

Result<ParsedCommandLine> parse_command_line(int argc, const char* const* argv,
                                             bool stdout_is_terminal);

} // namespace twtrace
