// The live events of this host. Combines the kernel side (kernel_side.h), the pipeline (pipeline.h)
// and the accounting (live_accounting.h), and runs them in the event loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/event_loop.h"
#include "app/event_source.h"
#include "app/host_survey.h"
#include "app/kernel_side.h"
#include "app/live_accounting.h"
#include "app/live_config.h"
#include "app/pipeline.h"
#include "cli/options.h"
#include "journal/journal_writer.h"
#include "privilege/duties.h"

namespace twtrace {

class LiveRun : public EventSource {
  public:
    static Result<LiveRun> start(const Options& options, const Wanted& wanted);

    /// Drops the privileges that a run does not need any more; run() does it if it was not done
    /// before. To be called before starting threads that read untrusted input, and after a command
    /// has started.
    void shed_privileges();
    Result<void> run(const Options& options, EventConsumer& consumer,
                     const std::function<Result<bool>()>& after_batch) override;

    [[nodiscard]] const Accounting& accounting() const override { return accounting_.accounting(); }
    [[nodiscard]] const Accounting::Inputs& accounting_inputs() const override {
        return accounting_.inputs();
    }
    [[nodiscard]] std::uint64_t accounted_until_ns() const override {
        return accounting_.until_ns();
    }
    [[nodiscard]] const Checkpoint& last_checkpoint() const override {
        return accounting_.last_checkpoint();
    }
    [[nodiscard]] std::uint64_t next_checkpoint_ns() const override {
        return accounting_.next_checkpoint_ns();
    }
    [[nodiscard]] double elapsed_s() const override;
    [[nodiscard]] std::uint64_t now_ns() const override;
    [[nodiscard]] std::uint64_t wall_of(std::uint64_t at_ns) const override;
    [[nodiscard]] std::uint64_t start_ns() const { return start_ns_; }
    [[nodiscard]] std::uint64_t start_wall_ns() const override { return start_wall_ns_; }
    [[nodiscard]] std::uint64_t end_wall_ns() const override;
    [[nodiscard]] std::optional<EndsLosses> ends_losses() const override;
    [[nodiscard]] Host host() const override;
    [[nodiscard]] std::unique_ptr<NamespaceViews>
    namespaces(const std::vector<std::uint32_t>& chosen) const override;
    [[nodiscard]] Inherited inherited(const std::vector<std::uint32_t>& chosen, std::uint64_t at_ns,
                                      Flows& flows) const override;
    /// See EventLoop::on_readable().
    bool on_readable(int fd, std::function<bool()> readable) {
        return loop_.on_readable(fd, std::move(readable));
    }
    /// See EventLoop::on_stop().
    void on_stop(std::function<bool(const signalfd_siginfo&)> stop_wanted) {
        loop_.on_stop(std::move(stop_wanted));
    }
    [[nodiscard]] const LiveSource& source() const { return kernel_.source(); }

  private:
    LiveRun(const Options& options, EventLoop loop, LiveSource source);
    void read(Pipeline& pipeline, EventConsumer& consumer);
    void sleep_until_due(bool quiet);
    [[nodiscard]] bool is_second_over();
    void end(Pipeline& pipeline, EventConsumer& consumer);

    Filter filter_;
    std::optional<Duties> duties_; // none: privileges beyond them were dropped
    std::chrono::milliseconds longest_sleep_;
    EventLoop loop_;
    KernelSide kernel_;
    LiveAccounting accounting_;
    std::unique_ptr<HostSurvey> survey_;
    std::unique_ptr<Attributor> attributor_;
    std::optional<JournalWriter> journal_;
    std::optional<TimeWaitOwners> owners_; // with --ends
    std::uint64_t start_wall_ns_ = 0;
    std::uint64_t start_ns_ = 0;
    std::uint64_t end_wall_ns_ = 0; // 0: still running
    std::uint64_t end_ns_ = 0;
    std::uint64_t second_due_ns_ = 0;
};

} // namespace twtrace
