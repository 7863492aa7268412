// Makes a Snapshot of a run, at its end or while it continues.
#pragma once

#include "aggregate/snapshot.h"
#include "app/event_source.h"
#include "app/port_tally.h"

namespace twtrace {

/// Feeds an Aggregator that only needs the number of passive closes.
class Collector : public EventConsumer {
  public:
    Collector(Aggregator& aggregator, const EventSource& source,
              const std::vector<std::uint32_t>& netns)
        : aggregator_(aggregator), source_(source), ports_(source.namespaces(netns)) {}
    void event(const Event& event) override {
        aggregator_.add(event);
        ports_.add(event, 1, event.time_ns);
    }
    void counted(const Event& event, std::uint64_t times) override;
    /// The ports held now, by the present settings.
    const PortsHeld& ports();
    /// The ports held now, by the settings that were read last.
    const PortsHeld& held() { return ports_.held_at(source_.now_ns()); }

  private:
    Aggregator& aggregator_;
    const EventSource& source_;
    PortTally ports_;
};

/// How passive closes are to be counted for groups of this kind.
constexpr twtrace_passive passives_for(GroupBy by) {
    return by == GroupBy::Peer ? TWTRACE_PASSIVE_COUNT_PEERS : TWTRACE_PASSIVE_COUNT;
}

/// Contains only host and kernel.
Snapshot empty_snapshot(const EventSource& source);

/// The minisocks until now; none: not requested.
std::optional<EndsTotals> ends_of(const EventSource& run, const Aggregator& aggregator);

/// With at most `peers` peers a group.
Snapshot snapshot_of(const EventSource& run, const Aggregator& aggregator, std::size_t peers,
                     const PortsHeld& held, bool fold);

} // namespace twtrace
