#include <cstdio>

#include "app/command_run.h"
#include "app/commands.h"
#include "app/document.h"
#include "app/interval_summary.h"
#include "app/open_source.h"
#include "app/picture.h"
#include "budget/junit.h"
#include "sink/output.h"
#include "sink/summary_sink.h"
#include "util/stop_signals.h"

namespace twtrace {

namespace {

constexpr std::size_t peers_per_group = 100;
constexpr std::size_t every_peer = ~std::size_t{0};

Result<std::vector<BudgetVerdict>> run_intervals(const Options& options, EventSource& run,
                                                 CommandRun& command, Output& output) {
    IntervalSummary summary(options, run, output);
    if (auto done =
            run.run(options, summary, [&] { return command.should_continue(summary.tick()); });
        !done)
        return tl::unexpected(done.error());
    if (!output.reader_gone()) {
        take_pending_stop();
        if (auto done = summary.finish(); !done)
            return tl::unexpected(done.error());
    }
    return summary.verdicts();
}

Result<std::vector<BudgetVerdict>> run_once(const Options& options, EventSource& run,
                                            CommandRun& command, Output& output) {
    Aggregator aggregator(options.group_by);
    Collector collector(aggregator, run, options.filter.netns);
    if (auto done = run.run(options, collector, [&] { return command.should_continue(); }); !done)
        return tl::unexpected(done.error());
    take_pending_stop(); // a second Ctrl-C interrupts the document
    const PortsHeld& ports = collector.ports();
    append_summary(snapshot_of(run, aggregator, peers_per_group, ports, !options.wide),
                   options.format, options.wide, output.buffer());
    if (auto flushed = output.flush(); !flushed)
        return tl::unexpected(flushed.error());
    if (options.budgets.empty())
        return std::vector<BudgetVerdict>{};
    return judge(options.budgets, snapshot_of(run, aggregator, every_peer, ports, true));
}

Result<ExitCode> report(const std::vector<BudgetVerdict>& verdicts, const Options& options,
                        double duration_s) {
    ExitCode code = ExitCode::Ok;
    for (const BudgetVerdict& verdict : verdicts) {
        if (!verdict.exceeded)
            continue;
        code = ExitCode::BudgetExceeded;
        std::fprintf(stderr, "twtrace: %s\n", verdict.message.c_str());
    }
    if (!options.junit_file.empty())
        if (auto written = write_junit(options.junit_file, verdicts, duration_s); !written)
            return tl::unexpected(written.error());
    return code;
}

} // namespace

Result<ExitCode> run_summary(const Options& options) {
    if (!options.junit_file.empty() && options.budgets.empty())
        return fail("--junit writes the verdicts of --fail-if, so it needs --fail-if",
                    ExitCode::Usage);
    if (auto checked = check_grouping(options.budgets, options.group_by); !checked)
        return tl::unexpected(checked.error());
    auto document = Document::open(options);
    if (!document)
        return tl::unexpected(document.error());
    CommandRun command(options);
    auto source = open_source(options, {every_type, passives_for(options.group_by)});
    if (!source)
        return tl::unexpected(source.error());
    EventSource& run = **source;
    if (auto started = command.start(run); !started)
        return tl::unexpected(started.error());
    Output output(document->fd());
    const auto verdicts = options.interval.count() > 0
                              ? run_intervals(options, run, command, output)
                              : run_once(options, run, command, output);
    if (!verdicts)
        return tl::unexpected(verdicts.error());
    const auto code = report(*verdicts, options, run.elapsed_s());
    command.report_leftovers();
    return code ? Result<ExitCode>(command.status_or(*code)) : code;
}

} // namespace twtrace
