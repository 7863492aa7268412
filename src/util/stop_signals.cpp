#include "util/stop_signals.h"

#include <ctime>

namespace twtrace {

namespace {

constexpr int numbers[] = {SIGINT, SIGTERM, SIGHUP};

// A blocked signal becomes pending even if it is ignored, so nohup has to be detected.
bool is_wanted(int number) {
    struct sigaction action {};
    return number != SIGHUP || sigaction(number, nullptr, &action) != 0 ||
           action.sa_handler != SIG_IGN;
}

} // namespace

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : numbers)
        if (is_wanted(number))
            sigaddset(&set, number);
    return set;
}

bool stop_is_pending() {
    const sigset_t wanted = stop_signals();
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    for (const int number : numbers)
        if (sigismember(&wanted, number) == 1 && sigismember(&pending, number) == 1)
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
