#include <algorithm>

#include <sys/ioctl.h>
#include <unistd.h>

#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include "app/commands.h"
#include "app/inherited_sockets.h"
#include "app/live_run.h"
#include "app/surroundings.h"
#include "model/timestamp.h"
#include "sink/output.h"
#include "top/screen.h"
#include "top/view.h"
#include "util/cpu_time.h"

namespace twtrace {

namespace {

constexpr std::uint32_t wanted_types = 1U << TWTRACE_TIME_WAIT | 1U << TWTRACE_PORT_EXHAUSTED |
                                       1U << TWTRACE_ABORTED; // some take back a TimeWait

// A picture of tens of thousands of peers takes tens of milliseconds: it is then made less often,
// so that pictures never take more than a fiftieth of a core.
constexpr std::uint64_t times_longer = 50;
constexpr std::chrono::milliseconds default_interval{1000};

// What would be said on standard error while the screen is in use is said afterwards.
class HeldBackLog {
  public:
    HeldBackLog() : before_(spdlog::default_logger()) {
        auto logger = std::make_shared<spdlog::logger>("twtrace", held_);
        logger->set_level(before_->level());
        spdlog::set_default_logger(std::move(logger));
    }
    ~HeldBackLog() {
        spdlog::set_default_logger(before_);
        for (const auto& message : held_->last_raw())
            before_->log(message.level, message.payload);
    }
    HeldBackLog(const HeldBackLog&) = delete;
    HeldBackLog& operator=(const HeldBackLog&) = delete;

  private:
    static constexpr std::size_t most = 50;
    std::shared_ptr<spdlog::logger> before_;
    std::shared_ptr<spdlog::sinks::ringbuffer_sink_st> held_ =
        std::make_shared<spdlog::sinks::ringbuffer_sink_st>(most);
};

class Top : public EventConsumer {
  public:
    Top(const Options& options, LiveRun& run, Screen& screen, std::uint64_t start_ns)
        : options_(options),
          interval_(options.interval.count() > 0 ? options.interval : default_interval), run_(run),
          screen_(screen), flows_(start_ns),
          inherited_(inherited_sockets(options.filter.netns, start_ns)), surveyor_(options) {
        state_.by = options.group_by;
        next_ns_ = start_ns + interval_ns();
        surveyor_.look(run_.accounting(), flows_, monotonic_now_ns());
        refresh();
    }

    void event(const Event& event) override { flows_.add(event, monotonic_now_ns()); }
    void counted(const Event& event, std::uint64_t times) override {
        flows_.add(event, monotonic_now_ns(),
                   static_cast<std::uint32_t>(std::min<std::uint64_t>(times, UINT32_MAX)));
    }

    bool tick() {
        const bool draw = screen_.look_after();
        const std::uint64_t now = monotonic_now_ns();
        const std::uint64_t before = cpu_now_ns();
        const bool due = now >= next_ns_;
        if (due) {
            ++refreshes_;
            update(now);
        }
        if (due || draw || keys_pressed_)
            redraw();
        if (due)
            next_ns_ = std::max(
                {next_ns_ + interval_ns(), now, now + times_longer * (cpu_now_ns() - before)});
        keys_pressed_ = false;
        return !state_.quit && (options_.count == 0 || refreshes_ < options_.count);
    }

    // False: no more keys will come.
    bool read_keys() {
        int waiting = 0;
        if (ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting == 0)
            return false;
        while (const auto key = screen_.key()) {
            if (state_.press(*key, rows_, frame_.visible))
                change_picture();
            else
                rows_ = arranged(picture_, state_.sort, state_.filter);
            keys_pressed_ = true;
        }
        return true;
    }

    [[nodiscard]] const Frame& frame() const { return frame_; }

  private:
    [[nodiscard]] std::uint64_t interval_ns() const {
        return static_cast<std::uint64_t>(std::chrono::nanoseconds(interval_).count());
    }

    void update(std::uint64_t now) {
        surveyor_.look(run_.accounting(), flows_, now);
        if (flows_.elapsed_s() > 60)
            inherited_.forget();
        flows_.age(now);
        if (!frozen_)
            refresh();
    }

    // While it is paused the picture comes from a copy: groups can be looked at in peace.
    void change_picture() {
        if (state_.paused && !frozen_)
            frozen_.emplace(flows_);
        else if (!state_.paused)
            frozen_.reset();
        refresh();
    }

    void refresh() {
        if (!frozen_)
            around_ = surveyor_.surroundings();
        picture_ = make_picture(frozen_ ? *frozen_ : flows_, inherited_, around_, state_.by);
        rows_ = arranged(picture_, state_.sort, state_.filter);
    }

    void redraw() {
        frame_ = draw(state_, picture_, rows_, screen_.size(), screen_.glyphs(),
                      static_cast<double>(interval_.count()) / 1000);
        screen_.show(frame_);
    }

    const Options& options_;
    std::chrono::milliseconds interval_;
    LiveRun& run_;
    Screen& screen_;
    Flows flows_;
    std::optional<Flows> frozen_;
    Inherited inherited_;
    Surveyor surveyor_;
    Surroundings around_;
    State state_;
    Picture picture_;
    Rows rows_;
    Frame frame_;
    std::uint64_t next_ns_ = 0;
    std::uint64_t refreshes_ = 0;
    bool keys_pressed_ = true;
};

std::string text_of(const Frame& frame) {
    std::string text;
    for (std::size_t row = 0; row + 1 < frame.lines.size(); ++row) { // the last are the keys
        for (const Span& span : frame.lines[row])
            text += span.text;
        text.erase(text.find_last_not_of(' ') + 1);
        text += '\n';
    }
    text.erase(text.find_last_not_of('\n') + 1);
    return text + '\n';
}

} // namespace

Result<void> run_top(const Options& options) {
    if (auto checked = Screen::check(); !checked)
        return checked;
    auto run = LiveRun::start(options, {wanted_types});
    if (!run)
        return tl::unexpected(run.error());
    const std::uint64_t start_ns = monotonic_now_ns();
    const HeldBackLog held_back;
    Output output(STDOUT_FILENO);
    {
        auto screen = Screen::open();
        if (!screen)
            return tl::unexpected(screen.error());
        Top top(options, *run, *screen, start_ns);
        run->on_readable(STDIN_FILENO, [&] { return top.read_keys(); });
        bool going_on = true;
        auto done = run->run(options, top, [&]() -> Result<bool> {
            going_on = going_on && top.tick();
            return going_on;
        });
        if (!done)
            return done;
        if (options.count > 0 || options.duration.count() > 0)
            output.buffer() = text_of(top.frame());
    }
    return output.flush(); // after a bounded run the last picture stays
}

} // namespace twtrace
