// Time-wait sockets that were there before the trace began: nobody saw who closed them, but the
// kernel says how long each has left. What a live view starts with, so that its first screen is
// right.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>

namespace twtrace {

/// Of clients only, by network namespace and by the full second of their remaining life. The ports
/// that they hold are with those of the flows (Flows::inherit()).
class Inherited {
  public:
    explicit Inherited(std::uint64_t at_ns) : at_ns_(at_ns) {}

    void add(std::uint32_t netns, std::uint32_t remaining_ms) {
        ++ends_[netns][std::min<std::size_t>(remaining_ms / 1000, 59)];
    }
    /// So many are left at now_ns, by namespace, if none was ended early.
    [[nodiscard]] std::unordered_map<std::uint32_t, std::uint64_t>
    left_by_netns(std::uint64_t now_ns) const {
        std::unordered_map<std::uint32_t, std::uint64_t> left;
        const std::uint64_t passed_s = now_ns > at_ns_ ? (now_ns - at_ns_) / 1'000'000'000 : 0;
        for (const auto& [netns, ends] : ends_)
            for (std::uint64_t second = passed_s; second < ends.size(); ++second)
                left[netns] += ends[second];
        return left;
    }
    /// The minute is over.
    void forget() { ends_.clear(); }

  private:
    std::uint64_t at_ns_;
    std::unordered_map<std::uint32_t, std::array<std::uint32_t, 60>> ends_;
};

} // namespace twtrace
