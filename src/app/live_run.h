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

    [[nodiscard]] Accounting accounting() const;
    /// Events that were counted in the kernel because the ring was full: adds them where they
    /// belong.
    void add_overflow(Aggregator& aggregator);
    [[nodiscard]] std::uint64_t start_wall_ns() const { return start_wall_ns_; }
    [[nodiscard]] std::uint64_t end_wall_ns() const { return end_wall_ns_; }

  private:
    LiveRun(EventLoop loop, LiveSource source, KernelCounts counts);
    void begin(Pipeline& pipeline);
    void end(Pipeline& pipeline);
    void report_losses();

    EventLoop loop_;
    LiveSource source_;
    KernelCounts counts_;
    std::optional<JournalWriter> journal_;
    std::uint64_t start_wall_ns_ = 0;
    std::uint64_t end_wall_ns_ = 0;
    bool begun_ = false;
    std::uint64_t captured_ = 0;
    std::uint64_t filtered_ = 0;
    std::uint64_t lost_reported_ = 0;
};

} // namespace twtrace
