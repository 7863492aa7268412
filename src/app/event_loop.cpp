#include "app/event_loop.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "util/reason.h"
#include "util/stop_signals.h"

namespace twtrace {

namespace {

tl::unexpected<Error> failed(std::string_view what) {
    return fail(fmt::format("{}: {}", what, reason(errno)));
}

bool watch(const Fd& epoll, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool set_timer(const Fd& timer, std::chrono::milliseconds first, std::chrono::milliseconds every) {
    const auto time = [](std::chrono::milliseconds ms) {
        return timespec{ms.count() / 1000, (ms.count() % 1000) * 1'000'000};
    };
    const itimerspec setting{time(every), time(first)};
    return timerfd_settime(timer.get(), 0, &setting, nullptr) == 0;
}

void acknowledge(const Fd& timer) {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const ssize_t got = read(timer.get(), &expirations, sizeof(expirations));
}

} // namespace

Result<EventLoop> EventLoop::create(bool watch_output) {
    EventLoop loop;
    const sigset_t stop = stop_signals();
    sigprocmask(SIG_BLOCK, &stop, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    loop.epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    loop.signals_ = Fd(signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK));
    loop.timer_ = Fd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    loop.deadline_ = Fd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!loop.epoll_ || !loop.signals_ || !loop.timer_ || !loop.deadline_)
        return failed("cannot create the event loop");
    for (const Fd* fd : {&loop.signals_, &loop.timer_, &loop.deadline_})
        if (!watch(loop.epoll_, fd->get(), EPOLLIN))
            return failed("cannot create the event loop");
    // A regular file or /dev/null can't be watched (EPERM) and never reports a hang-up.
    if (watch_output)
        watch(loop.epoll_, STDOUT_FILENO, EPOLLERR | EPOLLHUP);
    return loop;
}

bool EventLoop::on_readable(int fd, std::function<bool()> readable) {
    if (!watch(epoll_, fd, EPOLLIN))
        return false;
    readable_[fd] = std::move(readable);
    return true;
}

Result<void> EventLoop::wake_on(int fd) {
    if (!watch(epoll_, fd, EPOLLIN | EPOLLET))
        return failed("cannot wait for events");
    waker_ = fd;
    return {};
}

void EventLoop::tick_every(std::chrono::milliseconds every) {
    // This can't fail: the descriptor is a timer, and the time is valid.
    if (every != std::exchange(every_, every))
        set_timer(timer_, every, every);
}

void EventLoop::call(std::map<int, std::function<bool()>>::iterator watched) {
    if (watched->second())
        return;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched->first, nullptr);
    readable_.erase(watched);
}

// Signals stay pending if they are not read (stop_is_pending()).
bool EventLoop::signals_stop() {
    if (!stop_wanted_)
        return true;
    signalfd_siginfo signal{};
    bool stop = false;
    while (read(signals_.get(), &signal, sizeof(signal)) == sizeof(signal))
        stop = stop_wanted_(signal) || stop;
    return stop;
}

Result<void> EventLoop::run(std::chrono::milliseconds every, std::chrono::milliseconds duration,
                            const std::function<Result<bool>()>& tick) {
    every_ = every;
    if (!set_timer(timer_, every, every) || !set_timer(deadline_, duration, {}))
        return failed("cannot set a timer");
    while (true) {
        std::array<epoll_event, 4> events{};
        const int ready = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
        if (ready < 0 && errno != EINTR)
            return failed("cannot wait for events");
        bool stop = false;
        for (int index = 0; index < ready; ++index) {
            const int fd = events[static_cast<std::size_t>(index)].data.fd;
            const auto watched = readable_.find(fd);
            if (fd == timer_.get())
                acknowledge(timer_);
            else if (watched != readable_.end())
                call(watched);
            else if (fd == waker_)
                ++woken_;
            else if (fd == signals_.get() && !signals_stop())
                continue;
            else
                stop = true; // a signal, the deadline, or the reader has gone
        }
        const auto should_continue = tick();
        if (!should_continue)
            return tl::unexpected(should_continue.error());
        if (stop || !*should_continue)
            return {};
    }
}

} // namespace twtrace
