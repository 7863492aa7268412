#include "app/command_run.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <sys/timerfd.h>

#include "attribute/proc_text.h"
#include "util/reason.h"
#include "util/stop_signals.h"
#include "util/text.h"

namespace twtrace {

namespace {

// Bounds the wait for a peer that has not acknowledged the FIN, and for a daemon.
constexpr std::chrono::milliseconds settling_limit{1000};
constexpr long poll_every_ns = 20'000'000;
constexpr std::size_t max_named = 5;
constexpr int interrupted = 128 + SIGINT;

// The process's name, if it is that process and has not ended.
std::optional<std::string> name_if_running(const twtrace_descendant& process) {
    const auto text = read_text(fmt::format("/proc/{}/stat", process.pid), 4096);
    const std::size_t open = text ? text->find('(') : std::string::npos;
    const std::size_t close = text ? text->rfind(") ") : std::string::npos;
    if (open == std::string::npos || close == std::string::npos || close + 2 >= text->size())
        return std::nullopt;
    const char state = (*text)[close + 2];
    const auto started = parse_start_ticks(*text);
    if (state == 'Z' || state == 'X' || started != start_ticks_of(process.start_boottime_ns))
        return std::nullopt;
    return printable(text->substr(open + 1, close - open - 1));
}

} // namespace

CommandRun::CommandRun(const Options& options) : options_(options) {
    // ^\ is left to the command, as in a shell; otherwise it would end twtrace without a document.
    if (!options_.child.empty())
        std::signal(SIGQUIT, SIG_IGN);
}

CommandRun::~CommandRun() {
    if (state_ != State::Running)
        return;
    inheritance_.restore_mask();
    child_->wait();
}

Result<void> CommandRun::start(EventSource& source) {
    if (options_.child.empty())
        return {};
    if (stop_is_pending())
        return fail("interrupted before the command was started",
                    static_cast<ExitCode>(interrupted));
    const auto user = invoking_user();
    if (!user)
        return tl::unexpected(user.error());
    timer_ = Fd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    auto child = timer_ ? Child::start(options_.child, *user, inheritance_)
                        : fail(fmt::format("cannot create a timer: {}", reason(errno)));
    if (!child)
        return tl::unexpected(child.error());
    auto& run = dynamic_cast<LiveRun&>(source); // a recording has no command (parse.cpp)
    run_ = &run;
    child_ = *std::move(child);
    state_ = State::Running;
    run.on_stop([this](const signalfd_siginfo& signal) { return stop_wanted(signal); });
    if (!run.on_readable(child_->fd(), [this] { return ended(); }))
        return fail(fmt::format("cannot wait for the command: {}", reason(errno)));
    return {};
}

// Signals from the terminal reach the command too.
bool CommandRun::stop_wanted(const signalfd_siginfo& signal) {
    if (state_ != State::Running)
        return true;
    if (signal.ssi_code != SI_KERNEL)
        child_->send(static_cast<int>(signal.ssi_signo));
    return false;
}

bool CommandRun::ended() {
    status_ = child_->wait();
    state_ = State::Settling;
    settled_by_ = std::chrono::steady_clock::now() + settling_limit;
    const itimerspec every_poll{{0, poll_every_ns}, {0, poll_every_ns}};
    timerfd_settime(timer_.get(), 0, &every_poll, nullptr);
    run_->on_readable(timer_.get(), [this] {
        std::uint64_t expirations = 0;
        return read(timer_.get(), &expirations, sizeof(expirations)) >= 0 || errno == EAGAIN;
    });
    return false;
}

bool CommandRun::has_settled() {
    const twtrace_stats stats = run_->source().stats();
    still_closing_ = stats.closings_begun - std::min(stats.closings_begun, stats.closings_ended);
    still_running_.clear();
    for (const twtrace_descendant& process : run_->source().descendants())
        if (const auto name = name_if_running(process))
            still_running_.push_back(fmt::format("{} (pid {})", *name, process.pid));
    return still_closing_ == 0 && still_running_.empty();
}

Result<bool> CommandRun::should_continue(const Result<bool>& own) {
    if (!own || state_ == State::None)
        return own;
    if (state_ == State::Running)
        return true;
    return !has_settled() && std::chrono::steady_clock::now() < settled_by_;
}

void CommandRun::report_running() const {
    if (still_running_.empty())
        return;
    const std::size_t named = std::min(still_running_.size(), max_named);
    std::string more;
    if (still_running_.size() > named)
        more = fmt::format(" and {} more", still_running_.size() - named);
    spdlog::warn("the command left processes running: {}{}; what they close is not counted",
                 fmt::join(still_running_.begin(),
                           still_running_.begin() + static_cast<std::ptrdiff_t>(named), ", "),
                 more);
}

void CommandRun::report_leftovers() const {
    if (state_ == State::None)
        return;
    report_running();
    if (still_closing_ > 0)
        spdlog::warn("{} connections of the command were still closing {} ms after its end, and "
                     "are not counted",
                     still_closing_, settling_limit.count());
    if (const auto lost = run_->source().stats().descendants_lost; lost > 0)
        spdlog::warn(
            "{} processes of the command did not fit in a table of {}: what they closed is "
            "not counted",
            lost, TWTRACE_TREE_MAX);
}

ExitCode CommandRun::status_or(ExitCode own) const {
    return own == ExitCode::Ok && state_ != State::None ? static_cast<ExitCode>(status_) : own;
}

} // namespace twtrace
