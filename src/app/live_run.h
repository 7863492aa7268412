// One live tracing run: source, pipeline and accounting, driven by the event loop. Commands add the
// consumer.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "account/accounting.h"
#include "account/kernel_counts.h"
#include "app/event_loop.h"
#include "app/live_config.h"
#include "app/pace.h"
#include "app/pipeline.h"
#include "cli/options.h"
#include "journal/journal_writer.h"
#include "source/live.h"

namespace twtrace {

class LiveRun {
  public:
    static Result<LiveRun> start(const Options& options, const Wanted& wanted);

    /// Feeds consumer until the end; after_batch runs after each batch of events and returns false
    /// to stop.
    Result<void> run(const Options& options, EventConsumer& consumer,
                     const std::function<Result<bool>()>& after_batch);

    /// After the run: all of it. While it runs: as it was at the last full second, and for lack of
    /// that boundary's care, good to the events of a few microseconds.
    [[nodiscard]] const Accounting& accounting() const { return accounting_; }
    /// What accounting() was made of.
    [[nodiscard]] const Accounting::Inputs& accounting_inputs() const { return accounting_inputs_; }
    /// The moment (CLOCK_MONOTONIC) up to which accounting() counts; 0: none yet.
    [[nodiscard]] std::uint64_t accounted_until_ns() const { return accounted_until_ns_; }
    struct Mark {
        std::uint64_t at_ns = 0; ///< CLOCK_MONOTONIC; 0: there was none yet
        Accounting::Inputs inputs;
    };
    /// The last full second that all events up to it have come through for. Unlike accounting(),
    /// the end of the run is none.
    [[nodiscard]] const Mark& last_mark() const { return last_mark_; }
    /// The moment up to which it will count next, once all events until then have come through; 0:
    /// none is chosen. No event after it was handed out before it was chosen.
    [[nodiscard]] std::uint64_t next_mark_ns() const { return mark_ ? mark_->at_ns : 0; }
    /// Since the start, by a clock that nobody sets.
    [[nodiscard]] double elapsed_s() const;
    /// See EventLoop::on_readable().
    bool on_readable(int fd, std::function<bool()> readable) {
        return loop_.on_readable(fd, std::move(readable));
    }
    /// What may make the present minisocks inexact; none: nobody asked for them.
    struct EndsLosses {
        std::uint64_t lost = 0;      ///< records of minisocks that found the ring full
        std::uint64_t untracked = 0; ///< entries that the table of present ones has no room for
    };
    [[nodiscard]] std::optional<EndsLosses> ends_losses() const;
    [[nodiscard]] std::uint64_t start_wall_ns() const { return start_wall_ns_; }
    /// While it runs: now.
    [[nodiscard]] std::uint64_t end_wall_ns() const;

  private:
    LiveRun(EventLoop loop, LiveSource source, KernelCounts counts);
    void set_pace(bool quiet, std::chrono::milliseconds longest);
    [[nodiscard]] bool is_second_over();
    void begin(Pipeline& pipeline);
    void end(Pipeline& pipeline);
    void every_second(Pipeline& pipeline, EventConsumer& consumer);
    void pass_counted(EventConsumer& consumer);
    void report_losses();
    [[nodiscard]] Accounting::Inputs count() const;
    void account(const Accounting::Inputs& inputs, std::uint64_t until_ns);
    void pass_mark(const Pipeline& pipeline);
    void finish_mark(const Pipeline& pipeline);

    Filter filter_;
    EventLoop loop_;
    LiveSource source_;
    KernelCounts counts_;
    std::unique_ptr<Attributor> attributor_;
    std::optional<JournalWriter> journal_;
    std::optional<Present> present_;
    std::uint64_t start_wall_ns_ = 0;
    std::uint64_t end_wall_ns_ = 0; // 0: it runs
    std::uint64_t start_ns_ = 0;
    std::uint64_t second_due_ns_ = 0;
    Pace pace_;
    std::chrono::milliseconds read_every_ = usual_pause;
    std::uint64_t end_ns_ = 0;
    bool begun_ = false;
    std::uint64_t lost_reported_ = 0;
    Accounting accounting_;
    Accounting::Inputs accounting_inputs_;
    std::uint64_t accounted_until_ns_ = 0;
    std::optional<Mark> mark_; // its inputs: all but what the pipeline has yet to tell
    Mark last_mark_;
};

} // namespace twtrace
