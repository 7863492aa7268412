// Waits for a condition with a bound, never for a fixed time.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "errors.h"

namespace live {

using Milliseconds = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// For the start or the end of a program: an instrumented one takes seconds on a busy machine.
constexpr Milliseconds program_bound(60000);

template <typename Condition>
bool wait_until(Condition condition, Milliseconds bound) {
    const auto end = Clock::now() + bound;
    while (!condition()) {
        if (Clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    return true;
}

template <typename Condition>
void await(const std::string& what, Condition condition, Milliseconds bound = program_bound) {
    check(wait_until(condition, bound), "waited in vain: " + what);
}

} // namespace live
