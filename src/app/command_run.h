// `-- COMMAND ARG...`: the command that a live run starts and watches.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/live_run.h"
#include "command/child.h"

namespace twtrace {

class CommandRun {
  public:
    /// To be created before the LiveRun, which changes signals and limits. Does nothing without a
    /// command.
    explicit CommandRun(const Options& options);
    CommandRun(const CommandRun&) = delete;
    CommandRun& operator=(const CommandRun&) = delete;
    /// Waits for a command that still runs after the run failed.
    ~CommandRun();

    /// Starts the command once the run sees all events.
    Result<void> start(EventSource& source);
    /// Whether the run continues: while the command runs, and briefly afterwards until its
    /// connections are closed and its children are gone. Without a command: `own`.
    Result<bool> should_continue(const Result<bool>& own = true);
    /// To be called after the run, while its source exists: reports what the command left behind.
    void report_leftovers() const;
    /// The command's exit status, unless `own` is a verdict (Findings, BudgetExceeded). Without a
    /// command: `own`.
    [[nodiscard]] ExitCode status_or(ExitCode own) const;

  private:
    enum class State { None, Running, Settling };
    bool stop_wanted(const signalfd_siginfo& signal);
    bool ended();
    bool has_settled();
    void report_running() const;

    const Options& options_;
    Inheritance inheritance_;
    State state_ = State::None;
    LiveRun* run_ = nullptr;
    std::optional<Child> child_;
    int status_ = 0;
    Fd timer_; // while it settles
    std::chrono::steady_clock::time_point settled_by_;
    std::uint64_t still_closing_ = 0;
    std::vector<std::string> still_running_; // "redis-server (pid 812)"
};

} // namespace twtrace
