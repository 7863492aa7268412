// Time-wait sockets that existed before the trace began. Their closers are not known, but the
// kernel reports their remaining time. A live view starts with them, so that its first screen is
// right.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>

namespace twtrace {

/// Counts clients only, by network namespace and by the full second of their remaining life. Their
/// ports are counted with those of the flows (Flows::inherit()).
class Inherited {
  public:
    explicit Inherited(std::uint64_t at_ns) : at_ns_(at_ns) {}

    void add(std::uint32_t netns, std::uint32_t remaining_ms) {
        ++ends_[netns][std::min<std::size_t>(remaining_ms / 1000, 59)];
    }
    /// The number that is left at now_ns, by namespace, if none was ended early.
    [[nodiscard]] std::unordered_map<std::uint32_t, std::uint64_t>
    left_by_netns(std::uint64_t now_ns) const {
        std::unordered_map<std::uint32_t, std::uint64_t> left;
        const std::uint64_t passed_s = now_ns > at_ns_ ? (now_ns - at_ns_) / 1'000'000'000 : 0;
        for (const auto& [netns, ends] : ends_)
            for (std::uint64_t second = passed_s; second < ends.size(); ++second)
                left[netns] += ends[second];
        return left;
    }
    /// To be called when the minute is over.
    void forget() { ends_.clear(); }

  private:
    std::uint64_t at_ns_;
    std::unordered_map<std::uint32_t, std::array<std::uint32_t, 60>> ends_;
};

} // namespace twtrace
