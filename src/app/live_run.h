// One live tracing run: source, pipeline and accounting, driven by the event loop. Commands add the
// consumer.
#pragma once

#include <functional>
#include <optional>

#include "account/accounting.h"
#include "account/kernel_counts.h"
#include "aggregate/aggregator.h"
#include "app/event_loop.h"
#include "app/pipeline.h"
#include "cli/options.h"
#include "journal/journal_writer.h"
#include "source/live.h"

namespace twtrace {

class LiveRun {
  public:
    static Result<LiveRun> start(const Options& options, std::uint32_t types);

    /// Feeds consumer until the end; after_batch runs after each batch of events and returns false
    /// to stop.
    Result<void> run(const Options& options, EventConsumer& consumer,
                     const std::function<Result<bool>()>& after_batch);

    /// After the run: all of it. While it runs: as it was at the last full second, and for lack of
    /// that boundary's care, good to the events of a few microseconds.
    [[nodiscard]] const Accounting& accounting() const { return accounting_; }
    /// Since the start, by a clock that nobody sets.
    [[nodiscard]] double elapsed_s() const;
    /// See EventLoop::on_readable().
    bool on_readable(int fd, std::function<bool()> readable) {
        return loop_.on_readable(fd, std::move(readable));
    }
    /// Events that were counted in the kernel because the ring was full: adds them where they
    /// belong.
    void add_overflow(Aggregator& aggregator);
    [[nodiscard]] std::uint64_t start_wall_ns() const { return start_wall_ns_; }
    /// While it runs: now.
    [[nodiscard]] std::uint64_t end_wall_ns() const;

  private:
    LiveRun(EventLoop loop, LiveSource source, KernelCounts counts);
    void begin(Pipeline& pipeline);
    void end(Pipeline& pipeline);
    void every_second(Pipeline& pipeline);
    void report_losses();
    [[nodiscard]] Accounting::Inputs count() const;
    void finish_mark(const Pipeline& pipeline);

    Filter filter_;
    AttributeOptions attribute_;
    EventLoop loop_;
    LiveSource source_;
    KernelCounts counts_;
    std::optional<JournalWriter> journal_;
    std::uint64_t start_wall_ns_ = 0;
    std::uint64_t end_wall_ns_ = 0; // 0: it runs
    std::uint64_t start_ns_ = 0;
    std::uint64_t end_ns_ = 0;
    bool begun_ = false;
    std::uint64_t lost_reported_ = 0;
    Accounting accounting_;
    struct Mark {
        std::uint64_t at_ns;
        Accounting::Inputs inputs; // all but what the pipeline has yet to tell
    };
    std::optional<Mark> mark_;
};

} // namespace twtrace
