// A Snapshot of a live run, at its end or while it goes on.
#pragma once

#include "aggregate/snapshot.h"
#include "app/live_run.h"

namespace twtrace {

/// Every type of event: what a picture is made from.
inline constexpr std::uint32_t every_type = ~0U;

/// Feeds an Aggregator.
class Collector : public EventConsumer {
  public:
    explicit Collector(Aggregator& aggregator) : aggregator_(aggregator) {}
    void event(const Event& event) override { aggregator_.add(event); }

  private:
    Aggregator& aggregator_;
};

/// With nothing but host and kernel in it.
Snapshot empty_picture();

/// With at most `peers` peers a group.
Snapshot picture_of(const LiveRun& run, const Aggregator& aggregator, std::size_t peers);

} // namespace twtrace
