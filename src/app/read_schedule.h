// How often the ring is read: a timer while events come, a wake-up by the kernel side while none
// do.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace twtrace {

inline constexpr std::chrono::milliseconds usual_pause{20};

/// Time between two reads while events come. A batch may fill a quarter of the ring, so that a
/// reader that is kept from its processor loses nothing. Few events wait 20 milliseconds; with many
/// of them a longer pause is cheaper, because with each batch the reader and what it watches push
/// each other out of the caches (0.28 CPU seconds per million closes instead of 0.33).
inline std::chrono::milliseconds time_between_reads(std::chrono::milliseconds last,
                                                    std::size_t batch_bytes,
                                                    std::size_t ring_bytes) {
    constexpr std::chrono::milliseconds shortest{5};
    constexpr std::chrono::milliseconds longest{40};
    constexpr std::size_t many = 2048; // bytes a millisecond
    const auto passed = static_cast<std::size_t>(std::max(last, shortest).count());
    const bool is_busy = batch_bytes >= many * passed;
    std::chrono::milliseconds next = is_busy ? longest : usual_pause;
    const auto would_fill = [&] {
        return batch_bytes / passed * static_cast<std::size_t>(next.count());
    };
    while (next > shortest && would_fill() > ring_bytes / 4)
        next /= 2;
    return next;
}

/// A wake-up an event would cost more than everything else together, and fifty timers a second are
/// what a quiet host pays. So the reader sleeps after a while without events, and asks to be woken
/// by the next one.
class ReadSchedule {
  public:
    enum class Step {
        Timer, ///< read again soon
        Ask,   ///< the same, and ask for the wake-up: who did not see that wish yet is read by that
               ///< timer
        Sleep, ///< until woken
    };
    static constexpr unsigned quiet_reads = 10;

    /// After each read; quiet: nothing came, and nothing waits to be passed on.
    Step after(bool quiet) {
        if (!quiet)
            quiet_ = 0;
        else if (quiet_ <= quiet_reads)
            ++quiet_;
        if (quiet_ < quiet_reads)
            return Step::Timer;
        return quiet_ == quiet_reads ? Step::Ask : Step::Sleep;
    }

  private:
    unsigned quiet_ = 0;
};

} // namespace twtrace
