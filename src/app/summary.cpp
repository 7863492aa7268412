#include <unistd.h>

#include "app/commands.h"
#include "app/interval_summary.h"
#include "app/picture.h"
#include "sink/output.h"
#include "sink/summary_sink.h"
#include "util/stop_signals.h"

namespace twtrace {

namespace {

constexpr std::size_t peers_per_group = 100;

Result<void> run_intervals(const Options& options, LiveRun& run) {
    Output output(STDOUT_FILENO);
    IntervalSummary summary(options, run, output);
    if (auto done = run.run(options, summary, [&] { return summary.tick(); }); !done)
        return done;
    if (output.reader_gone())
        return {};
    take_pending_stop();
    return summary.finish();
}

} // namespace

Result<void> run_summary(const Options& options) {
    auto run = LiveRun::start(options, {every_type, passives_for(options.group_by)});
    if (!run)
        return tl::unexpected(run.error());
    if (options.interval.count() > 0)
        return run_intervals(options, *run);
    Aggregator aggregator(options.group_by);
    Collector collector(aggregator);
    if (auto done = run->run(options, collector, []() -> Result<bool> { return true; }); !done)
        return done;
    take_pending_stop(); // a second Ctrl-C is for the document
    Output output(STDOUT_FILENO);
    append_summary(picture_of(*run, aggregator, peers_per_group), options.format, options.wide,
                   output.buffer());
    return output.flush();
}

} // namespace twtrace
