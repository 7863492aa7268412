#include "app/picture.h"

#include <sys/utsname.h>

#include "model/timestamp.h"

namespace twtrace {

void Collector::counted(const Event& event, std::uint64_t times) {
    aggregator_.add(event, times);
    ports_.add(event, times, monotonic_now_ns());
}

const PortsHeld& Collector::ports() {
    return ports_.at(monotonic_now_ns());
}

Snapshot empty_picture() {
    Snapshot snapshot;
    utsname system{};
    if (uname(&system) == 0) {
        snapshot.host = system.nodename;
        snapshot.kernel = system.release;
    }
    return snapshot;
}

std::optional<EndsTotals> ends_of(const LiveRun& run, const Aggregator& aggregator) {
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

Snapshot picture_of(const LiveRun& run, const Aggregator& aggregator, std::size_t peers,
                    const PortsHeld& held) {
    Snapshot snapshot = empty_picture();
    snapshot.start_wall_ns = run.start_wall_ns();
    snapshot.end_wall_ns = run.end_wall_ns();
    snapshot.duration_s = run.elapsed_s();
    snapshot.by = aggregator.by();
    snapshot.totals = aggregator.totals();
    snapshot.accounting = run.accounting();
    snapshot.ends = ends_of(run, aggregator);
    snapshot.groups = rows_of(aggregator, snapshot.duration_s, peers, &held);
    return snapshot;
}

} // namespace twtrace
