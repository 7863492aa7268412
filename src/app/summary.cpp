#include <unistd.h>

#include <sys/utsname.h>

#include "aggregate/snapshot.h"
#include "app/commands.h"
#include "app/live_run.h"
#include "sink/output.h"
#include "sink/summary_sink.h"
#include "util/ephemeral_ports.h"
#include "util/stop_signals.h"

namespace twtrace {

namespace {

constexpr std::uint32_t every_type = ~0U;
constexpr std::size_t peers_per_group = 100;

class Collector : public EventConsumer {
  public:
    explicit Collector(Aggregator& aggregator) : aggregator_(aggregator) {}
    void event(const Event& event) override { aggregator_.add(event); }

  private:
    Aggregator& aggregator_;
};

Snapshot snapshot_of(const LiveRun& run, const Aggregator& aggregator) {
    Snapshot snapshot;
    utsname system{};
    if (uname(&system) == 0) {
        snapshot.host = system.nodename;
        snapshot.kernel = system.release;
    }
    snapshot.start_wall_ns = run.start_wall_ns();
    snapshot.end_wall_ns = run.end_wall_ns();
    snapshot.by = aggregator.by();
    snapshot.totals = aggregator.totals();
    snapshot.accounting = run.accounting();
    snapshot.groups =
        rows_of(aggregator, snapshot.duration_s(), peers_per_group, ephemeral_ports());
    return snapshot;
}

} // namespace

Result<void> run_summary(const Options& options) {
    auto run = LiveRun::start(options, every_type);
    if (!run)
        return tl::unexpected(run.error());
    Aggregator aggregator(options.group_by);
    Collector collector(aggregator);
    if (auto done = run->run(options, collector, []() -> Result<bool> { return true; }); !done)
        return done;
    run->add_overflow(aggregator);
    take_pending_stop(); // a second Ctrl-C is for the document
    Output output(STDOUT_FILENO);
    append_summary(snapshot_of(*run, aggregator), options.format, options.wide, output.buffer());
    return output.flush();
}

} // namespace twtrace
