// What each command does: a consumer on one live run, or on a recording.
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
/// With --from.
Result<void> run_list_recording(const Options& options);
/// `top` with --from.
Result<void> run_player(const Options& options);
/// Ok: nothing found (or, with --host, it can trace). Findings; Failure: it can't. Or the status of
/// the command that it ran.
Result<ExitCode> run_doctor(const Options& options);
Result<void> run_exporter(const Options& options);
/// Ok, or the status of the command that it ran.
Result<ExitCode> run_record(const Options& options);
Result<void> run_diff(const Options& options);
/// Ok, or the status of the command that it ran.
Result<ExitCode> run_what_if(const Options& options);
Result<void> run_report(const Options& options);

} // namespace twtrace
