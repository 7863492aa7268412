// The commands: each consumes the events of one live run, or of a recording.
#pragma once

#include "cli/options.h"
#include "util/result.h"

namespace twtrace {

/// Ok, or the status of the command that it ran.
Result<ExitCode> run_trace(const Options& options);
Result<void> run_top(const Options& options);
/// Ok, BudgetExceeded, or the status of the command that it ran.
Result<ExitCode> run_summary(const Options& options);
Result<void> run_list(const Options& options);
/// `list` with --from.
Result<void> run_list_recording(const Options& options);
/// `top` with --from.
Result<void> run_player(const Options& options);
/// Ok: no findings (or, with --host, tracing is possible). Findings; Failure: tracing is not
/// possible. Or the status of the command that it ran.
Result<ExitCode> run_doctor(const Options& options);
Result<void> run_exporter(const Options& options);
/// Ok, or the status of the command that it ran.
Result<ExitCode> run_record(const Options& options);
Result<void> run_diff(const Options& options);
/// Ok, or the status of the command that it ran.
Result<ExitCode> run_what_if(const Options& options);
Result<void> run_report(const Options& options);

} // namespace twtrace
