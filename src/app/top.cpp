#include <unistd.h>

#include "app/commands.h"
#include "app/held_back_log.h"
#include "app/live_run.h"
#include "app/top_view.h"
#include "model/timestamp.h"
#include "sink/output.h"

namespace twtrace {

namespace {

constexpr std::uint32_t wanted_types = 1U << TWTRACE_TIME_WAIT | 1U << TWTRACE_PORT_EXHAUSTED |
                                       1U << TWTRACE_ABORTED; // some retract a TimeWait

std::string text_of(const Frame& frame) {
    std::string text;
    for (std::size_t row = 0; row + 1 < frame.lines.size(); ++row) { // the last line shows the keys
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
    if (!options.from.empty())
        return run_player(options);
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
        State state;
        state.by = options.group_by;
        TopView top(options, *run, *screen, start_ns, state);
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
    return output.flush(); // after a bounded run the last screen stays
}

} // namespace twtrace
