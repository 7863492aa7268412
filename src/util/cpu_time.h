// What something costs: on a busy host the clock on the wall says little about that.
#pragma once

#include <cstdint>
#include <ctime>

namespace twtrace {

/// CPU time of this process, helper threads included.
inline std::uint64_t cpu_now_ns() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec);
}

} // namespace twtrace
