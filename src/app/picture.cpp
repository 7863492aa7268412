#include "app/picture.h"

namespace twtrace {

void Collector::counted(const Event& event, std::uint64_t times) {
    aggregator_.add(event, times);
    ports_.add(event, times, source_.now_ns());
}

const PortsHeld& Collector::ports() {
    return ports_.at(source_.now_ns());
}

Snapshot empty_snapshot(const EventSource& source) {
    Snapshot snapshot;
    const EventSource::Host host = source.host();
    snapshot.host = host.name;
    snapshot.kernel = host.kernel;
    return snapshot;
}

std::optional<EndsTotals> ends_of(const EventSource& run, const Aggregator& aggregator) {
    const auto losses = run.ends_losses();
    if (!losses)
        return std::nullopt;
    EndsTotals ends;
    ends.row = row_of(aggregator.ends());
    ends.unseen = aggregator.unseen_ends();
    ends.lost = losses->lost;
    ends.untracked = losses->untracked;
    const Accounting& accounting = run.accounting();
    ends.exact = losses->lost == 0 && losses->untracked == 0 && accounting.lost == 0 &&
                 accounting.missed == 0 && accounting.unaccounted <= 0;
    return ends;
}

Snapshot snapshot_of(const EventSource& run, const Aggregator& aggregator, std::size_t peers,
                     const PortsHeld& held, bool fold) {
    Snapshot snapshot = empty_snapshot(run);
    snapshot.start_wall_ns = run.start_wall_ns();
    snapshot.end_wall_ns = run.end_wall_ns();
    snapshot.duration_s = run.elapsed_s();
    snapshot.by = aggregator.by();
    snapshot.totals = aggregator.totals();
    snapshot.accounting = run.accounting();
    snapshot.ends = ends_of(run, aggregator);
    fill_rows(snapshot, aggregator, peers, &held, fold);
    return snapshot;
}

} // namespace twtrace
