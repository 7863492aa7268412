// Where each CPU counts the kinds of passive close that come often, at a fraction of what the table
// costs. The kernel side only compares and counts: who has a slot is decided here.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "source/count_table.h"
#include "twtrace/wire.h"
#include "util/mapping.h"
#include "util/result.h"

namespace twtrace {

/// All of it is shared with the kernel side.
struct PassiveSlotsView {
    std::span<twtrace_passive_slot> slots;          ///< TWTRACE_PASSIVE_SLOTS; ours to write
    std::span<const twtrace_passive_counts> counts; ///< one for each CPU; the kernel's
};

/// A program that has found its slot may be about to count in it: one that is taken back is given
/// away again only ten looks later, which is ten seconds.
class PassiveSlots {
  public:
    PassiveSlots() = default;
    explicit PassiveSlots(PassiveSlotsView view) : view_(view) {}

    /// Adds what was counted since the last look.
    void take(std::vector<OverflowCount>& counted);
    /// What the table had since the last look: what came often gets a slot, if that is free.
    void offer(std::span<const OverflowCount> counted);
    [[nodiscard]] std::uint64_t total() const { return total_; } ///< ever taken

  private:
    struct Slot {
        std::uint64_t taken = 0;
        unsigned still = 0; ///< looks since it changed, or since it was taken back
        enum { Free, Given, TakenBack } state = Free;
    };
    [[nodiscard]] std::uint64_t sum(std::size_t index) const;
    void grow_old(std::size_t index);

    PassiveSlotsView view_;
    std::array<Slot, TWTRACE_PASSIVE_SLOTS> slots_{};
    std::uint64_t total_ = 0;
};

/// The maps behind them.
class PassiveSlotMaps {
  public:
    static Result<PassiveSlotMaps> map(int slots, int counts, std::size_t cpus);
    [[nodiscard]] PassiveSlotsView view() const;

  private:
    Mapping slots_;
    Mapping counts_;
    std::size_t cpus_ = 0;
};

} // namespace twtrace
