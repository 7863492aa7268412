// Slots in which each CPU counts frequent kinds of passive close, at a fraction of the cost of the
// table. The kernel side only compares and counts; this side assigns the slots.
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

/// Memory shared with the kernel side.
struct PassiveSlotsView {
    std::span<twtrace_passive_slot> slots; ///< TWTRACE_PASSIVE_SLOTS; written by user space
    std::span<const twtrace_passive_counts> counts; ///< one per CPU; written by the kernel side
};

/// A program that has found its slot may be about to count in it, so a withdrawn slot is reassigned
/// only ten reads (ten seconds) later.
class PassiveSlots {
  public:
    PassiveSlots() = default;
    explicit PassiveSlots(PassiveSlotsView view) : view_(view) {}

    /// Adds what was counted since the last read.
    void take(std::vector<OverflowCount>& counted);
    /// Receives what the table counted since the last read: frequent kinds get a slot, if one is
    /// free.
    void offer(std::span<const OverflowCount> counted);
    [[nodiscard]] std::uint64_t total() const { return total_; } ///< since the start

  private:
    struct Slot {
        std::uint64_t taken = 0;
        unsigned unchanged_reads = 0; ///< reads since it changed, or since it was withdrawn
        enum { Free, Assigned, Withdrawn } state = Free;
    };
    [[nodiscard]] std::uint64_t sum(std::size_t index) const;
    void withdraw_if_idle(std::size_t index);

    PassiveSlotsView view_;
    std::array<Slot, TWTRACE_PASSIVE_SLOTS> slots_{};
    std::uint64_t total_ = 0;
};

/// The maps that contain the slots and counts.
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
