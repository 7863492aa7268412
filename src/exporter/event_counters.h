// Counters that the event loop's thread updates and other threads read; the only shared state.
#pragma once

#include <cstdint>
#include <mutex>

#include "exporter/losses.h"
#include "exporter/observed.h"
#include "exporter/service_table.h"

namespace twtrace {

class EventCounters {
  public:
    /// limit: services with their own series.
    explicit EventCounters(std::size_t limit) : services_(limit, keep_ns), ports_(max_peers) {}

    /// Takes an uncontended lock and two hash lookups.
    void add(const Event& event, std::uint64_t times, std::uint64_t now_ns);
    /// To be called once a second.
    void add(const Accounting& accounting, std::uint64_t overflow);
    /// To be called every few seconds: removes idle rows.
    void rank(std::uint64_t now_ns);

    /// Which ports are ephemeral, and when they are reusable. Other namespaces get
    /// default_port_rules().
    void set_rules(const RulesByNetns& rules);
    /// now_ns: CLOCK_MONOTONIC; 0: the time of the last event.
    [[nodiscard]] Observed copy(std::uint64_t now_ns = 0) const;

    /// A series without events is removed after this time, long after Prometheus has scraped its
    /// last value.
    static constexpr std::uint64_t keep_ns = std::uint64_t{15} * 60 * 1'000'000'000;
    static constexpr std::size_t max_peers = 10'000;

  private:
    mutable std::mutex mutex_;
    ServiceTable services_;
    PortsHeld ports_;
    Losses losses_;
};

} // namespace twtrace
