// Time-wait sockets that were there before the trace began: nobody saw who closed them, but they
// hold ports, and the kernel says how long each has left. What a live view starts with, so that its
// first screen is right.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>

#include "aggregate/flows.h"

namespace twtrace {

/// By what they hold: FlowKey without a process.
class Inherited {
  public:
    explicit Inherited(std::uint64_t at_ns) : at_ns_(at_ns) {}

    /// Of clients only, each takes an ephemeral port. At most 16,384 destinations.
    void add(const FlowKey& destination, std::uint32_t remaining_ms) {
        if (ends_.size() >= most && !ends_.contains(destination))
            return;
        ++ends_[destination][std::min<std::size_t>(remaining_ms / 1000, 59)];
    }
    /// So many of them are left, if none was ended early.
    [[nodiscard]] static std::uint64_t left(const std::array<std::uint32_t, 60>& ends,
                                            std::uint64_t passed_s) {
        std::uint64_t sum = 0;
        for (std::uint64_t second = passed_s; second < ends.size(); ++second)
            sum += ends[second];
        return sum;
    }
    [[nodiscard]] std::uint64_t passed_s(std::uint64_t now_ns) const {
        return now_ns > at_ns_ ? (now_ns - at_ns_) / 1'000'000'000 : 0;
    }
    /// By the full second of remaining life.
    using Ends = std::unordered_map<FlowKey, std::array<std::uint32_t, 60>, FlowKeyHash>;
    [[nodiscard]] const Ends& ends() const { return ends_; }
    /// The minute is over.
    void forget() { ends_.clear(); }

  private:
    static constexpr std::size_t most = 16'384;
    std::uint64_t at_ns_;
    Ends ends_;
};

} // namespace twtrace
