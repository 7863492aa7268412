#include "app/run.h"

#include <unistd.h>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "app/commands.h"
#include "app/duties.h"
#include "attribute/runtime_names/name_parser.h"
#include "cli/options.h"
#include "privilege/shed.h"
#include "recording/file_reader.h"
#include "sink/output.h"

namespace twtrace {

namespace {

// Standard output is reserved for data. _mt: the exporter has a second thread.
void log_to_stderr(bool verbose) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("twtrace"));
    spdlog::set_pattern("%n: %v");
    spdlog::set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
}

Result<ExitCode> ok_if(const Result<void>& done) {
    return done ? Result<ExitCode>(ExitCode::Ok) : tl::unexpected(done.error());
}

Result<ExitCode> run_command(const Options& options) {
    switch (options.command) {
    case Command::Trace:
        return run_trace(options);
    case Command::Summary:
        return run_summary(options);
    case Command::Doctor:
        return run_doctor(options);
    case Command::Record:
        return run_record(options);
    case Command::WhatIf:
        return run_what_if(options);
    case Command::Top:
        return ok_if(run_top(options));
    case Command::List:
        return ok_if(run_list(options));
    case Command::Exporter:
        return ok_if(run_exporter(options));
    case Command::Report:
        return ok_if(run_report(options));
    case Command::Diff:
        return ok_if(run_diff(options));
    }
    return ExitCode::Failure;
}

} // namespace

Result<ExitCode> run(int argc, const char* const* argv) {
    const auto parsed = parse_command_line(argc, argv, isatty(STDOUT_FILENO) != 0);
    if (!parsed)
        return tl::unexpected(parsed.error());
    if (parsed->print_and_exit) {
        Output output(STDOUT_FILENO);
        output.buffer() = *parsed->print_and_exit;
        return ok_if(output.flush());
    }
    log_to_stderr(parsed->options.verbose);
    const Duties duties = duties_of(parsed->options);
    // Before other threads, and before what has to be protected.
    if (duties.reads_processes)
        if (auto started = start_name_parser(); !started)
            spdlog::warn("{}; they are parsed with twtrace's own privileges",
                         started.error().message);
    // Commands that trace still have programs to load, and drop their privileges later (LiveRun).
    if (!duties.reads_maps)
        shed_privileges(duties);
    try {
        return run_command(parsed->options);
    } catch (const ReadError& error) {
        return fail(error.what());
    }
}

} // namespace twtrace
