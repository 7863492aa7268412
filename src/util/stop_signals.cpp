#include "util/stop_signals.h"

#include <ctime>

namespace twtrace {

namespace {

constexpr int numbers[] = {SIGINT, SIGTERM, SIGHUP};

} // namespace

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : numbers)
        sigaddset(&set, number);
    return set;
}

bool stop_is_pending() {
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    for (const int number : numbers)
        if (sigismember(&pending, number) == 1)
            return true;
    return false;
}

void take_pending_stop() {
    const sigset_t set = stop_signals();
    const timespec at_once{};
    while (stop_is_pending() && sigtimedwait(&set, nullptr, &at_once) > 0) {
    }
}

} // namespace twtrace
