// The screen of `top`, for any source of events.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

#include "app/event_source.h"
#include "app/surroundings.h"
#include "top/screen.h"
#include "top/view.h"
#include "util/cpu_time.h"

namespace twtrace {

// A screen with tens of thousands of peers takes tens of milliseconds. It is then refreshed less
// often, so that refreshes take at most a fiftieth of a core.
inline constexpr std::uint64_t refresh_pause_per_cost = 50;
inline constexpr std::chrono::milliseconds default_top_interval{1000};

class TopView : public EventConsumer {
  public:
    /// start_ns: CLOCK_MONOTONIC of the source. state: the user's earlier choices.
    TopView(const Options& options, EventSource& source, Screen& screen, std::uint64_t start_ns,
            const State& state)
        : options_(options),
          interval_(options.interval.count() > 0 ? options.interval : default_top_interval),
          source_(source), screen_(screen), flows_(start_ns),
          inherited_(source.inherited(options.filter.netns, start_ns, flows_)),
          surveyor_(options, source), state_(state) {
        next_ns_ = start_ns + interval_ns();
        survey(source_.now_ns());
        refresh();
    }

    void event(const Event& event) override { flows_.add(event, source_.now_ns()); }
    void counted(const Event& event, std::uint64_t times) override {
        flows_.add(event, source_.now_ns(),
                   static_cast<std::uint32_t>(std::min<std::uint64_t>(times, UINT32_MAX)));
    }

    bool tick() {
        const bool draw = screen_.handle_signals();
        const std::uint64_t now = source_.now_ns();
        const std::uint64_t before = cpu_now_ns();
        const bool due = now >= next_ns_;
        if (due) {
            ++refreshes_;
            update(now);
        }
        if (due || draw || keys_pressed_)
            redraw();
        if (due)
            next_ns_ = std::max({next_ns_ + interval_ns(), now,
                                 now + refresh_pause_per_cost * (cpu_now_ns() - before)});
        keys_pressed_ = false;
        return !state_.quit && (options_.count == 0 || refreshes_ < options_.count);
    }

    // False: there is no more input.
    bool read_keys() {
        int waiting = 0;
        if (ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting == 0)
            return false;
        while (const auto key = screen_.key()) {
            press(*key);
        }
        return true;
    }
    void press(const Key& key) {
        if (state_.press(key, rows_, frame_.visible))
            change_picture();
        else
            rows_ = arranged(picture_, state_.sort, state_.filter);
        keys_pressed_ = true;
    }
    [[nodiscard]] const State& state() const { return state_; }
    /// Refreshes at the next tick, also while paused.
    void refresh_soon() {
        frozen_.reset();
        next_ns_ = 0;
    }
    /// Text beside the title: the position in a recording.
    void set_status(const std::string& text) {
        keys_pressed_ = keys_pressed_ || picture_.around.replay != text;
        status_ = text;
    }

    [[nodiscard]] const Frame& frame() const { return frame_; }

  private:
    [[nodiscard]] std::uint64_t interval_ns() const {
        return static_cast<std::uint64_t>(std::chrono::nanoseconds(interval_).count());
    }

    void survey(std::uint64_t now) {
        surveyor_.update(source_.accounting(), flows_, now);
        flows_.set_rules(surveyor_.surroundings().rules);
    }

    void update(std::uint64_t now) {
        survey(now);
        if (flows_.elapsed_s() > 60)
            inherited_.forget();
        flows_.age(now);
        if (!frozen_)
            refresh();
    }

    // While paused the screen is made from a copy, so that groups can be examined without changes.
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
        picture_.around.replay = status_;
        frame_ = draw(state_, picture_, rows_, screen_.size(), screen_.glyphs(),
                      static_cast<double>(interval_.count()) / 1000);
        screen_.show(frame_);
    }

    const Options& options_;
    std::chrono::milliseconds interval_;
    EventSource& source_;
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
    std::string status_;
};

} // namespace twtrace
