#include "app/live_accounting.h"

#include <algorithm>
#include <utility>

#include "model/timestamp.h"

namespace twtrace {

void LiveAccounting::after_read(const LiveSource& source, Pipeline& pipeline, bool second_is_over) {
    if (!begun_ && pipeline.settled_until_ns() > counts_.sampled_until_ns())
        begin(pipeline);
    if (second_is_over) {
        counts_.refresh(true);
        choose_checkpoint(source, pipeline);
    } else if (counts_.has_unknown()) {
        counts_.refresh(false);
    }
    if (begun_) // before, the counters of the start are not chosen
        counts_.release_ended();
    // All events until the checkpoint were passed on.
    if (next_ && pipeline.settled_until_ns() > next_->at_ns) {
        complete_checkpoint(pipeline);
        account(last_.inputs, last_.at_ns);
    }
}

// All events until the counters were sampled have arrived, including those that had to settle.
void LiveAccounting::begin(Pipeline& pipeline) {
    begun_ = true;
    const auto read_at = counts_.choose_start(pipeline.held_times());
    pipeline.release(read_at, counts_.sampled_from_ns(), Pipeline::Side::After);
}

void LiveAccounting::sample_end(Pipeline& pipeline) {
    if (!begun_) { // a run of a few milliseconds
        pipeline.finish();
        begin(pipeline);
    }
    pipeline.hold();
    counts_.sample_end();
}

void LiveAccounting::end(const LiveSource& source, Pipeline& pipeline, std::uint64_t end_ns) {
    pipeline.release(counts_.choose_end(pipeline.held_times()), counts_.sampled_until_ns(),
                     Pipeline::Side::NotAfter);
    if (next_)
        complete_checkpoint(pipeline);
    Accounting::Inputs inputs = inputs_now(source);
    add_captured(inputs, pipeline.captured());
    inputs.filtered += pipeline.filtered();
    account(inputs, end_ns);
}

void LiveAccounting::choose_checkpoint(const LiveSource& source, Pipeline& pipeline) {
    if (!begun_ || next_)
        return;
    counts_.read();
    next_ = EventSource::Checkpoint{monotonic_now_ns(), inputs_now(source)};
    pipeline.choose_checkpoint(next_->at_ns);
}

void LiveAccounting::complete_checkpoint(const Pipeline& pipeline) {
    last_ = *std::exchange(next_, std::nullopt);
    add_captured(last_.inputs, pipeline.captured_until_checkpoint());
    last_.inputs.filtered += pipeline.filtered();
}

// A retraction that found the ring full has not reached the pipeline: its entry was captured or
// lost, and was none.
void LiveAccounting::add_captured(Accounting::Inputs& inputs, std::uint64_t captured) const {
    const std::uint64_t retracted = std::min(lost_retractions_, captured);
    inputs.captured += captured - retracted;
    inputs.lost -= std::min(lost_retractions_ - retracted, inputs.lost);
}

void LiveAccounting::account(const Accounting::Inputs& inputs, std::uint64_t until_ns) {
    inputs_ = inputs;
    accounting_ = Accounting::of(inputs);
    until_ns_ = until_ns;
}

Accounting::Inputs LiveAccounting::inputs_now(const LiveSource& source) {
    const twtrace_stats stats = source.stats();
    const KernelCounts::Sum kernel = counts_.sum();
    Accounting::Inputs inputs;
    inputs.captured = kernel.filtered; // counted by the gate; those of the pipeline are added later
    inputs.filtered = kernel.filtered;
    inputs.lost = stats.lost[TWTRACE_TIME_WAIT] - kernel.lost_outside;
    lost_retractions_ = stats.lost_retractions;
    inputs.recursion_misses = source.recursion_misses();
    inputs.caught = sum_over_types(stats.caught);
    inputs.overflow = kernel.overflow;
    inputs.unverified = kernel.unverified;
    inputs.without_closer = stats.without_closer;
    inputs.untracked = stats.untracked + stats.mixed;
    inputs.ambiguous = kernel.ambiguous;
    inputs.counted_at_end = counts_.counted_at() == CountedAt::End;
    if (kernel.namespaces > 0)
        inputs.kernel = kernel.entered;
    return inputs;
}

} // namespace twtrace
