// The events of this host, now: source, pipeline and accounting, driven by the event loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "account/accounting.h"
#include "account/kernel_counts.h"
#include "app/event_loop.h"
#include "app/event_source.h"
#include "app/host_survey.h"
#include "app/live_config.h"
#include "app/pace.h"
#include "app/pipeline.h"
#include "cli/options.h"
#include "journal/journal_writer.h"
#include "privilege/duties.h"
#include "source/live.h"

namespace twtrace {

class LiveRun : public EventSource {
  public:
    static Result<LiveRun> start(const Options& options, const Wanted& wanted);

    /// What a run does not need any more; run() does it where nobody did before. To be called
    /// before threads start that read what others write, and after a command has started.
    void shed_privileges();
    Result<void> run(const Options& options, EventConsumer& consumer,
                     const std::function<Result<bool>()>& after_batch) override;

    [[nodiscard]] const Accounting& accounting() const override { return accounting_; }
    [[nodiscard]] const Accounting::Inputs& accounting_inputs() const override {
        return accounting_inputs_;
    }
    [[nodiscard]] std::uint64_t accounted_until_ns() const override { return accounted_until_ns_; }
    [[nodiscard]] const Mark& last_mark() const override { return last_mark_; }
    [[nodiscard]] std::uint64_t next_mark_ns() const override { return mark_ ? mark_->at_ns : 0; }
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
    [[nodiscard]] const LiveSource& source() const { return source_; }

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
    std::optional<Duties> duties_; // none: what they do not take has been shed
    EventLoop loop_;
    LiveSource source_;
    KernelCounts counts_;
    std::unique_ptr<HostSurvey> survey_;
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
