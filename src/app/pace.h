// How often the ring is read: a timer while events come, a wake-up by the kernel side while none
// do.
#pragma once

namespace twtrace {

/// A wake-up an event would cost more than everything else together, and fifty timers a second are
/// what a quiet host pays. So the reader sleeps after a while without events, and asks to be woken
/// by the next one.
class Pace {
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
