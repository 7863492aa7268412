#include "app/interval_summary.h"

#include <utility>

#include "sink/summary_sink.h"

namespace twtrace {

namespace {

constexpr std::size_t peers_per_group = 100;
constexpr std::size_t every_peer = ~std::size_t{0};
// Checkpoints are a second apart: the one nearest to the end of the interval is chosen.
constexpr std::uint64_t nearest_ns = 500'000'000;

} // namespace

IntervalSummary::IntervalSummary(const Options& options, EventSource& run, Output& output)
    : options_(options), run_(run), output_(output),
      every_ns_(static_cast<std::uint64_t>(std::chrono::nanoseconds(options.interval).count())),
      start_wall_ns_(run.start_wall_ns()), start_ns_(run.now_ns()), due_ns_(start_ns_ + every_ns_),
      ports_(run.namespaces(options.filter.netns)), current_(new_aggregator()),
      next_(new_aggregator()) {}

std::unique_ptr<Aggregator> IntervalSummary::new_aggregator() const {
    return std::make_unique<Aggregator>(options_.group_by);
}

void IntervalSummary::event(const Event& event) {
    const bool after = boundary_ns_ != 0 && event.time_ns > boundary_ns_;
    (after ? next_ : current_)->add(event);
    ports_.add(event, 1, event.time_ns);
}

// Counted events are passed right before a checkpoint is chosen, and belong to the interval that it
// ends.
void IntervalSummary::counted(const Event& event, std::uint64_t times) {
    current_->add(event, times);
    ports_.add(event, times, run_.now_ns());
}

Result<bool> IntervalSummary::tick() {
    if (boundary_ns_ == 0 && run_.next_checkpoint_ns() + nearest_ns > due_ns_)
        boundary_ns_ = run_.next_checkpoint_ns();
    if (boundary_ns_ == 0 || run_.last_checkpoint().at_ns != boundary_ns_)
        return true;
    write(boundary_ns_, run_.last_checkpoint().inputs);
    if (auto flushed = output_.flush(); !flushed)
        return tl::unexpected(flushed.error());
    return !output_.reader_gone();
}

Result<void> IntervalSummary::finish() {
    // The run ended while an interval waited for its last events, which have arrived now.
    if (boundary_ns_ != 0 && run_.last_checkpoint().at_ns == boundary_ns_)
        write(boundary_ns_, run_.last_checkpoint().inputs);
    write(run_.accounted_until_ns(), run_.accounting_inputs());
    return output_.flush();
}

void IntervalSummary::write(std::uint64_t end_ns, const Accounting::Inputs& until) {
    Snapshot snapshot = empty_snapshot(run_);
    snapshot.start_wall_ns = start_wall_ns_;
    snapshot.end_wall_ns = run_.wall_of(end_ns);
    snapshot.duration_s = static_cast<double>(end_ns - std::min(end_ns, start_ns_)) / 1e9;
    snapshot.by = current_->by();
    snapshot.totals = current_->totals();
    snapshot.accounting = Accounting::of(until.since(before_));
    fill_rows(snapshot, *current_, peers_per_group, &ports_.at(end_ns), !options_.wide);
    snapshot.ends = ends_of(run_, *current_);
    if (!options_.budgets.empty()) {
        Snapshot complete = snapshot;
        fill_rows(complete, *current_, every_peer, &ports_.at(end_ns), true);
        merge_verdicts(verdicts_, judge(options_.budgets, complete));
    }
    append_summary(snapshot, options_.format, options_.wide, output_.buffer(), true);
    before_ = until;
    start_ns_ = end_ns;
    start_wall_ns_ = snapshot.end_wall_ns;
    while (due_ns_ < end_ns + nearest_ns)
        due_ns_ += every_ns_;
    boundary_ns_ = 0;
    next_->carry_present(*current_);
    current_ = std::exchange(next_, new_aggregator());
}

} // namespace twtrace
