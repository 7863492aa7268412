// decode -> retraction window -> attribute -> filter -> consumer: the path of every record of the
// kernel side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "account/kernel_counts.h"
#include "app/event_source.h"
#include "attribute/attributor.h"
#include "attribute/time_wait_owners.h"
#include "decode/retraction_window.h"
#include "filter/filter.h"
#include "model/event.h"
#include "source/source.h"

namespace twtrace {

class Pipeline : public RecordHandler {
  public:
    Pipeline(const Filter& filter, KernelCounts& counts, Attributor& attributor,
             EventConsumer& consumer)
        : filter_(filter), counts_(counts), attributor_(attributor), consumer_(consumer) {}

    /// From now on the ends of minisocks get their closers; nullptr: there will be none.
    void follow(TimeWaitOwners* owners) { owners_ = owners; }

    void record(std::span<const std::byte> bytes) override;
    /// To be called before each batch of records: releases settled events.
    void tick();
    void finish();

    /// From now on events are held, until the kernel's counters determine where the run begins or
    /// ends.
    void hold() { holding_ = true; }
    /// The times of the held entries.
    [[nodiscard]] EventTimes held_times() const;
    /// Passes on the held events that happened after (or, at the end, not after) their namespace's
    /// counters were read; `otherwise_ns` is that time for namespaces without counters.
    enum class Side { After, NotAfter };
    void release(const CounterTimes& read_at, std::uint64_t otherwise_ns, Side side);
    /// Events up to this time (CLOCK_MONOTONIC) have settled.
    [[nodiscard]] std::uint64_t settled_until_ns() const {
        return drained_until_ns_ -
               (is_empty() ? 0 : std::min(drained_until_ns_, RetractionWindow::hold_ns));
    }
    /// No event waits to settle.
    [[nodiscard]] bool is_empty() const { return window_.empty(); }

    /// Once all events until `at_ns` have settled, captured_until_checkpoint() is the value of
    /// captured() at that time.
    void choose_checkpoint(std::uint64_t at_ns) {
        checkpoint_ns_ = at_ns;
        after_checkpoint_ = 0;
    }
    [[nodiscard]] std::uint64_t captured_until_checkpoint() const {
        return captured_ - after_checkpoint_;
    }

    [[nodiscard]] std::uint64_t captured() const {
        return captured_;
    } ///< TimeWait, filtered ones included
    [[nodiscard]] std::uint64_t filtered() const { return filtered_; } ///< of captured
    [[nodiscard]] std::uint64_t malformed() const { return malformed_; }

  private:
    void pass(Event& event);
    void deliver(Event& event);

    const Filter& filter_;
    KernelCounts& counts_;
    Attributor& attributor_;
    EventConsumer& consumer_;
    TimeWaitOwners* owners_ = nullptr;
    RetractionWindow window_;
    bool holding_ = false;
    std::vector<Event> held_;
    std::uint64_t batch_began_ns_ = 0;
    std::uint64_t drained_until_ns_ = 0;
    std::int64_t to_wall_ns_ = 0;
    std::uint64_t captured_ = 0;
    std::uint64_t filtered_ = 0;
    std::uint64_t malformed_ = 0;
    std::uint64_t checkpoint_ns_ = 0;
    std::uint64_t after_checkpoint_ = 0;
};

} // namespace twtrace
