#include "catch2.h"

#include <csignal>

#include "util/stop_signals.h"

using namespace twtrace;

TEST_CASE("stop signals: SIGHUP counts unless it was ignored, as nohup does") {
    const auto before = std::signal(SIGHUP, SIG_DFL); // the tests may run under nohup
    const sigset_t usual = stop_signals();
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        CHECK(sigismember(&usual, number) == 1);
    CHECK(sigismember(&usual, SIGPIPE) == 0);
    std::signal(SIGHUP, SIG_IGN);
    const sigset_t under_nohup = stop_signals();
    std::signal(SIGHUP, before);
    CHECK(sigismember(&under_nohup, SIGHUP) == 0);
    CHECK(sigismember(&under_nohup, SIGTERM) == 1);
}
