#include "app/run.h"

#include <unistd.h>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "app/commands.h"
#include "cli/options.h"
#include "sink/output.h"

namespace twtrace {

namespace {

// Standard output belongs to data. _mt: the exporter has a second thread.
void log_to_stderr(bool verbose) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("twtrace"));
    spdlog::set_pattern("%n: %v");
    spdlog::set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
}

} // namespace

Result<void> run(int argc, const char* const* argv) {
    const auto parsed = parse_command_line(argc, argv, isatty(STDOUT_FILENO) != 0);
    if (!parsed)
        return tl::unexpected(parsed.error());
    if (parsed->print_and_exit) {
        Output output(STDOUT_FILENO);
        output.buffer() = *parsed->print_and_exit;
        return output.flush();
    }
    log_to_stderr(parsed->options.verbose);
    switch (parsed->options.command) {
    case Command::Trace:
        return run_trace(parsed->options);
    case Command::Top:
        return run_top(parsed->options);
    case Command::Summary:
        return run_summary(parsed->options);
    case Command::List:
        return run_list(parsed->options);
    case Command::Doctor:
        return run_doctor(parsed->options);
    case Command::Exporter:
        return run_exporter(parsed->options);
    }
    return {};
}

} // namespace twtrace
