// The accounting of a live run. Compares captured events with the kernel's counts at the start, at
// a checkpoint each second, and at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "account/accounting.h"
#include "account/kernel_counts.h"
#include "app/event_source.h"
#include "app/pipeline.h"
#include "source/live.h"

namespace twtrace {

class LiveAccounting {
  public:
    /// only: network namespaces (inodes); empty: all.
    LiveAccounting(const LiveSource& source, std::vector<std::uint32_t> only)
        : counts_(source.counts_time_wait_at_end() ? CountedAt::End : CountedAt::Schedule,
                  std::move(only), source.namespaces()) {}

    [[nodiscard]] KernelCounts& counts() { return counts_; }

    /// To be called when the kernel side is attached and counts everything.
    void sample_start() { counts_.sample_start(); }
    /// To be called after each read of the ring. Events wait in the pipeline until the run has
    /// begun.
    void after_read(const LiveSource& source, Pipeline& pipeline, bool second_is_over);
    /// To be called before the kernel side is detached, after the last read of the ring.
    void sample_end(Pipeline& pipeline);
    void end(const LiveSource& source, Pipeline& pipeline, std::uint64_t end_ns);

    /// The counters of the start are settled, and events go to the consumer.
    [[nodiscard]] bool has_begun() const { return begun_; }
    /// The ring has to be read soon, even if it is idle.
    [[nodiscard]] bool waits_for_events() const { return next_.has_value(); }
    /// When the next work is due even without events; CLOCK_MONOTONIC.
    [[nodiscard]] std::optional<std::uint64_t> due_ns() const { return counts_.release_due_ns(); }

    [[nodiscard]] const Accounting& accounting() const { return accounting_; }
    [[nodiscard]] const Accounting::Inputs& inputs() const { return inputs_; }
    [[nodiscard]] std::uint64_t until_ns() const { return until_ns_; }
    [[nodiscard]] const EventSource::Checkpoint& last_checkpoint() const { return last_; }
    [[nodiscard]] std::uint64_t next_checkpoint_ns() const { return next_ ? next_->at_ns : 0; }

  private:
    void begin(Pipeline& pipeline);
    void choose_checkpoint(const LiveSource& source, Pipeline& pipeline);
    void complete_checkpoint(const Pipeline& pipeline);
    void account(const Accounting::Inputs& inputs, std::uint64_t until_ns);
    [[nodiscard]] Accounting::Inputs inputs_now(const LiveSource& source);
    void add_captured(Accounting::Inputs& inputs, std::uint64_t captured) const;

    KernelCounts counts_;
    bool begun_ = false;
    Accounting accounting_;
    Accounting::Inputs inputs_;
    std::uint64_t until_ns_ = 0;
    /// The chosen checkpoint. Its inputs lack the events that the pipeline has yet to pass on.
    std::optional<EventSource::Checkpoint> next_;
    EventSource::Checkpoint last_;
    std::uint64_t lost_retractions_ = 0; ///< when inputs_now() was last called
};

} // namespace twtrace
