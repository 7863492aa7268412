// CPU time, because elapsed time says little about cost on a busy host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace twtrace {

inline std::uint64_t now_ns_of(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec);
}
/// CPU time of this process, helper threads included.
inline std::uint64_t cpu_now_ns() {
    return now_ns_of(CLOCK_PROCESS_CPUTIME_ID);
}
/// CPU time of the calling thread.
inline std::uint64_t thread_cpu_now_ns() {
    return now_ns_of(CLOCK_THREAD_CPUTIME_ID);
}

/// Runs work and returns the time of its next run: late enough that work takes half a percent of
/// the time, and at least `min_pause_ns` after `now_ns`. Nanoseconds of the caller's clock.
template <typename Work>
std::uint64_t run_and_pause(std::uint64_t now_ns, std::uint64_t min_pause_ns, Work work) {
    constexpr std::uint64_t pause_per_cost = 200;
    const std::uint64_t before_ns = cpu_now_ns();
    work();
    return now_ns + std::max(min_pause_ns, pause_per_cost * (cpu_now_ns() - before_ns));
}

} // namespace twtrace
