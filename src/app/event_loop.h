// The epoll loop: signals, a timer, and the reader of standard output.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

#include <sys/signalfd.h>

#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

class EventLoop {
  public:
    /// Blocks SIGINT, SIGTERM and SIGHUP for the whole process and ignores SIGPIPE; this loop
    /// handles both. watch_output: the loop ends when the reader of standard output has gone.
    static Result<EventLoop> create(bool watch_output = true);

    /// Calls tick every `every`, and after every other wake-up, until it returns false or fails, a
    /// stop signal arrives, `duration` is over (0: never), or the reader of standard output has
    /// gone.
    Result<void> run(std::chrono::milliseconds every, std::chrono::milliseconds duration,
                     const std::function<Result<bool>()>& tick);

    /// Calls readable whenever fd (owned by the caller) is readable or its other end is closed,
    /// until it returns false; then tick, as after every wake-up. False: fd can't be watched (a
    /// regular file).
    bool on_readable(int fd, std::function<bool()> readable);

    /// Calls stop_wanted for each stop signal and ends the run if it returns true. Without it every
    /// stop signal ends the run.
    void on_stop(std::function<bool(const signalfd_siginfo&)> stop_wanted) {
        stop_wanted_ = std::move(stop_wanted);
    }

    /// Calls tick whenever fd signals new data (edge-triggered).
    Result<void> wake_on(int fd);
    /// The number of these wake-ups.
    [[nodiscard]] std::uint64_t woken() const { return woken_; }

    /// Changes the interval of tick. To be called by tick.
    void tick_every(std::chrono::milliseconds every);

  private:
    EventLoop() = default;
    void call(std::map<int, std::function<bool()>>::iterator watched);

    bool signals_stop();

    Fd epoll_;
    Fd signals_;
    Fd timer_;
    Fd deadline_;
    int waker_ = -1;
    std::uint64_t woken_ = 0;
    std::chrono::milliseconds every_{};
    std::map<int, std::function<bool()>> readable_;
    std::function<bool(const signalfd_siginfo&)> stop_wanted_;
};

} // namespace twtrace
