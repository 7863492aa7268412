// When the ring is read: by a timer while there are events, by a wake-up of the kernel side while
// there are none.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace twtrace {

inline constexpr std::chrono::milliseconds usual_pause{20};

/// Time between two reads while there are events. A batch may fill a quarter of the ring, so that
/// nothing is lost if the reader is scheduled late. With few events the pause is 20 milliseconds.
/// With many a longer pause is cheaper, because each batch makes the reader and the traced programs
/// evict each other's cache lines (0.28 CPU seconds per million closes instead of 0.33).
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

/// A wake-up for each event would cost more than everything else together, and a timer at fifty
/// reads a second would load a quiet host. The reader therefore sleeps after some empty reads, and
/// asks to be woken by the next event.
class ReadSchedule {
  public:
    enum class Step {
        Timer, ///< read again after the pause
        /// The same, and request the wake-up. The timer covers CPUs that have not seen the request
        /// yet.
        Ask,
        Sleep, ///< until woken
    };
    static constexpr unsigned quiet_reads = 10;

    /// To be called after each read; quiet: the read was empty, and no event waits to be passed on.
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
