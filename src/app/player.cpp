// `twtrace top --from`: plays a recording in the live view.
#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>

#include "app/commands.h"
#include "app/event_loop.h"
#include "app/held_back_log.h"
#include "app/replay.h"
#include "app/top_view.h"
#include "model/timestamp.h"
#include "util/text.h"

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t minute_ns = 60 * second_ns;
constexpr std::chrono::milliseconds tick_every{100};
constexpr std::array speeds{1, 2, 5, 10, 30, 60, 300};

// Holds events of a record that are later than the present time of the view.
class PendingEvents : public EventConsumer {
  public:
    PendingEvents() = default;
    void event(const Event& event) override { events_.push_back({event, 0}); }
    void counted(const Event& event, std::uint64_t times) override {
        events_.push_back({event, times});
    }
    [[nodiscard]] bool empty() const { return events_.empty(); }
    void pass_on(EventConsumer& consumer, std::uint64_t now_ns) {
        while (!events_.empty() && events_.front().event.time_ns <= now_ns) {
            const Item& item = events_.front();
            if (item.times > 0)
                consumer.counted(item.event, item.times);
            else
                consumer.event(item.event);
            events_.pop_front();
        }
    }

  private:
    struct Item {
        Event event;
        std::uint64_t times;
    };
    std::deque<Item> events_;
};

class Player {
  public:
    /// end_wall_ns: where playing ends; 0: at the end of the recording.
    Player(const Options& options, Screen& screen, std::uint64_t end_wall_ns)
        : options_(options), screen_(screen), end_wall_ns_(end_wall_ns) {
        state_.by = options.group_by;
    }

    /// The view begins a minute earlier, so that it shows what a live one would show.
    Result<void> go_to(std::uint64_t wall_ns) {
        if (view_)
            state_ = view_->state();
        view_.reset();
        pending_.reset();
        auto recording = Recording::open(options_.from); // the recording may have grown
        if (!recording)
            return tl::unexpected(recording.error());
        auto replay = Replay::open(*std::move(recording), options_.filter,
                                   wall_ns - std::min(wall_ns, minute_ns), end_wall_ns_);
        if (!replay)
            return tl::unexpected(replay.error());
        replay_ = *std::move(replay);
        first_wall_ns_ = replay_->recording().begin_wall_ns();
        last_wall_ns_ = replay_->recording().end_wall_ns();
        if (end_wall_ns_ != 0)
            last_wall_ns_ = std::min(last_wall_ns_, end_wall_ns_);
        now_ns_ = std::max(replay_->start_ns(), wall_ns - replay_->wall_of(0));
        over_ = false;
        replay_->hold_clock(replay_->start_ns());
        pending_.emplace();
        view_.emplace(options_, *replay_, screen_, replay_->start_ns(), state_);
        advance();
        view_->refresh_soon();
        played_ns_ = monotonic_now_ns();
        return {};
    }

    Result<bool> tick() {
        const std::uint64_t now = monotonic_now_ns();
        const std::uint64_t passed = now - played_ns_;
        played_ns_ = now;
        if (seek_to_wall_ns_) {
            if (auto moved = go_to(*std::exchange(seek_to_wall_ns_, std::nullopt)); !moved)
                return tl::unexpected(moved.error());
        } else if (!view_->state().paused && !over_) {
            now_ns_ += passed * static_cast<std::uint64_t>(speeds[speed_]);
            advance();
        }
        view_->set_status(status_text());
        const bool going_on = view_->tick();
        return going_on && !(over_ && options_.count > 0);
    }

    bool read_keys() {
        int waiting = 0;
        if (ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting == 0)
            return false;
        while (const auto key = screen_.key())
            if (!press(*key))
                view_->press(*key);
        return true;
    }

    [[nodiscard]] const Frame& frame() const { return view_->frame(); }
    [[nodiscard]] std::vector<std::string> notes() const { return replay_->notes(); }

  private:
    void advance() {
        const std::uint64_t end_ns = last_wall_ns_ - replay_->wall_of(0);
        now_ns_ = std::min(now_ns_, end_ns);
        bool more = true;
        while (more) {
            pending_->pass_on(*view_, now_ns_);
            if (!pending_->empty() || replay_->recorded_until_ns() > now_ns_)
                break;
            more = replay_->step(*pending_);
            replay_->hold_clock(std::min(now_ns_, replay_->recorded_until_ns()));
        }
        pending_->pass_on(*view_, now_ns_);
        over_ = now_ns_ >= end_ns;
        if (over_)
            view_->refresh_soon();
        replay_->hold_clock(now_ns_);
    }

    [[nodiscard]] std::uint64_t wall_ns() const { return replay_->wall_of(now_ns_); }

    // False: the view handles the key.
    bool press(const Key& key) {
        if (typed_time_)
            return press_in_prompt(key);
        if (view_->state().typing)
            return false;
        const char letter =
            key.kind == Key::Kind::Text && key.text.size() == 1 ? key.text[0] : '\0';
        if (key.kind == Key::Kind::Left || letter == '[')
            back(letter == '[' ? minute_ns : second_ns);
        else if (key.kind == Key::Kind::Right || letter == ']')
            forward(letter == ']' ? minute_ns : second_ns);
        else if (letter == '+' || letter == '-')
            speed_ = letter == '+' ? std::min(speed_ + 1, speeds.size() - 1)
                                   : speed_ - (speed_ > 0 ? 1 : 0);
        else if (letter == 't')
            typed_time_.emplace();
        else
            return false;
        message_.clear();
        return true;
    }

    bool press_in_prompt(const Key& key) {
        if (key.kind == Key::Kind::Text && typed_time_->size() < 40) {
            *typed_time_ += key.text;
        } else if (key.kind == Key::Kind::Backspace && !typed_time_->empty()) {
            typed_time_->pop_back();
        } else if (key.kind == Key::Kind::Escape) {
            typed_time_.reset();
        } else if (key.kind == Key::Kind::Enter) {
            const auto at = wall_time_in(replay_->recording(), *typed_time_);
            if (at && *at >= first_wall_ns_ && *at <= last_wall_ns_)
                seek_to_wall_ns_ = *at;
            else
                message_ = at ? "not in the recording" : "no such time";
            typed_time_.reset();
        }
        return true;
    }

    // Several keys may be pressed before the view has moved.
    void back(std::uint64_t step_ns) {
        const std::uint64_t from = seek_to_wall_ns_.value_or(wall_ns());
        seek_to_wall_ns_ = std::max(from - std::min(from, step_ns), first_wall_ns_);
    }

    void forward(std::uint64_t step_ns) {
        if (seek_to_wall_ns_) {
            seek_to_wall_ns_ = std::min(*seek_to_wall_ns_ + step_ns, last_wall_ns_);
            return;
        }
        now_ns_ += step_ns;
        advance();
        view_->refresh_soon();
    }

    [[nodiscard]] std::string status_text() const {
        if (typed_time_)
            return fmt::format("go to: {}_", *typed_time_);
        const std::string end = over_ ? " at its end" : fmt::format(" x{}", speeds[speed_]);
        std::string span;
        append_local_time(span, first_wall_ns_);
        span += " to ";
        append_local_time(span, last_wall_ns_);
        return fmt::format("recording {}{} ({}){}", local_date_time(wall_ns()), end, span,
                           message_.empty() ? "" : ": " + message_);
    }

    const Options& options_;
    Screen& screen_;
    std::uint64_t end_wall_ns_;
    State state_;
    std::unique_ptr<Replay> replay_;
    std::optional<PendingEvents> pending_;
    std::optional<TopView> view_;
    std::uint64_t first_wall_ns_ = 0;
    std::uint64_t last_wall_ns_ = 0;
    std::uint64_t now_ns_ = 0;    // of the recording
    std::uint64_t played_ns_ = 0; // of this host
    std::size_t speed_ = 0;
    bool over_ = false;
    std::optional<std::string> typed_time_; // the time that is being typed
    std::optional<std::uint64_t> seek_to_wall_ns_;
    std::string message_;
};

} // namespace

Result<void> run_player(const Options& options) {
    if (auto checked = Screen::check(); !checked)
        return checked;
    auto recording = Recording::open(options.from);
    if (!recording)
        return tl::unexpected(recording.error());
    const auto begin = wall_time_in(*recording, options.begin);
    if (!begin)
        return in_context("--begin", begin.error());
    const auto end = wall_time_in(*recording, options.end);
    if (!end)
        return in_context("--end", end.error());
    const std::uint64_t begin_wall_ns = std::max(*begin, recording->begin_wall_ns());
    if (*end != 0 && *end <= begin_wall_ns)
        return fail("the end of the span is not after its start", ExitCode::Usage);
    auto loop = EventLoop::create();
    if (!loop)
        return tl::unexpected(loop.error());
    const HeldBackLog held_back;
    auto screen = Screen::open();
    if (!screen)
        return tl::unexpected(screen.error());
    Player player(options, *screen, *end);
    if (auto moved = player.go_to(begin_wall_ns); !moved)
        return moved;
    loop->on_readable(STDIN_FILENO, [&] { return player.read_keys(); });
    auto played = loop->run(tick_every, options.duration, [&] { return player.tick(); });
    for (const std::string& note : player.notes())
        spdlog::warn("{}", note);
    return played;
}

} // namespace twtrace
