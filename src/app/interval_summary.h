// Prints a summary for each interval of a run. Every event is in exactly one of them.
#pragma once

#include <cstdint>
#include <memory>

#include "aggregate/aggregator.h"
#include "app/event_source.h"
#include "app/picture.h"
#include "app/port_tally.h"
#include "sink/output.h"

namespace twtrace {

/// An interval ends at a checkpoint of the source, at the next full second. Until all earlier
/// events were delivered, later ones are counted separately.
class IntervalSummary : public EventConsumer {
  public:
    IntervalSummary(const Options& options, EventSource& run, Output& output);

    void event(const Event& event) override;
    void counted(const Event& event, std::uint64_t times) override;
    /// To be called after each batch of events; false: the reader has gone.
    Result<bool> tick();
    /// To be called after the run: prints the rest.
    Result<void> finish();
    /// For each budget, the first interval that exceeded it; otherwise the last one.
    [[nodiscard]] const std::vector<BudgetVerdict>& verdicts() const { return verdicts_; }

  private:
    std::unique_ptr<Aggregator> new_aggregator() const;
    void write(std::uint64_t end_ns, const Accounting::Inputs& until);

    const Options& options_;
    EventSource& run_;
    Output& output_;
    std::uint64_t every_ns_;
    std::uint64_t start_wall_ns_;
    std::uint64_t start_ns_; // of the interval, CLOCK_MONOTONIC
    std::uint64_t due_ns_;
    std::uint64_t boundary_ns_ = 0; // end of the interval; 0: not yet chosen
    Accounting::Inputs before_;     // at the start of the interval
    PortTally ports_; // an entry holds its port for a minute, independent of the interval
    std::unique_ptr<Aggregator> current_;
    std::unique_ptr<Aggregator> next_;
    std::vector<BudgetVerdict> verdicts_;
};

} // namespace twtrace
