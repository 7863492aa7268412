// Counts for each part of the last minute. Used for time-wait sockets (60 s, TCP_TIMEWAIT_LEN) and
// sparklines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace twtrace {

/// slots: parts of a minute, of 60 / slots seconds each. Time only moves forward; counts older than
/// a minute are dropped.
template <std::size_t slots>
class Minute {
  public:
    static_assert(60 % slots == 0);
    static constexpr std::uint64_t slot_ns = 60'000'000'000 / slots;

    void add(std::uint64_t now_ns, std::uint32_t times = 1) {
        move_to(now_ns);
        counts_[at_ % slots] += times;
    }
    /// Drops counts older than a minute before now_ns.
    void move_to(std::uint64_t now_ns) {
        const std::uint64_t slot = now_ns / slot_ns;
        if (slot <= at_)
            return;
        const std::uint64_t passed = slot - at_ < slots ? slot - at_ : slots;
        for (std::uint64_t step = 0; step < passed; ++step)
            counts_[(slot - step) % slots] = 0;
        at_ = slot;
    }
    [[nodiscard]] std::uint64_t sum() const {
        std::uint64_t sum = 0;
        for (const std::uint32_t count : counts_)
            sum += count;
        return sum;
    }
    /// 0: the current part, slots - 1: the oldest.
    [[nodiscard]] std::uint32_t ago(std::size_t parts) const {
        return counts_[(at_ + slots - parts) % slots];
    }

  private:
    std::array<std::uint32_t, slots> counts_{};
    std::uint64_t at_ = 0;
};

} // namespace twtrace
