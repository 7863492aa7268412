// Recent lifetimes of the connections of one flow. Buckets are as fine as Histogram's, in an eighth
// of the memory, because a live view keeps twenty thousand of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "aggregate/histogram.h"

namespace twtrace {

/// Up to 4.7 hours; the last bucket holds all longer ones.
inline constexpr std::size_t lifetime_buckets = 256;
/// Sums of the lifetimes of several flows.
using LifetimeSums = std::array<std::uint64_t, lifetime_buckets>;

class Lifetimes {
  public:
    void add(std::uint64_t us) {
        std::uint16_t& bucket = counts_[bucket_of(us)];
        if (bucket == UINT16_MAX)
            halve();
        ++bucket;
    }
    /// Halves all counts, so that the weight of older connections decays.
    void halve() {
        for (std::uint16_t& count : counts_)
            count = static_cast<std::uint16_t>(count / 2);
    }
    void add_to(LifetimeSums& sums) const {
        for (std::size_t index = 0; index < lifetime_buckets; ++index)
            sums[index] += counts_[index];
    }
    static std::size_t bucket_of(std::uint64_t us) {
        return std::min(Histogram::index_of(us), lifetime_buckets - 1);
    }

  private:
    std::array<std::uint16_t, lifetime_buckets> counts_{};
};

/// The upper end of the bucket in which the quantile (0 to 1, nearest rank) lies, in microseconds;
/// none: there are no values.
std::optional<std::uint64_t> quantile_us(const LifetimeSums& sums, double share);

} // namespace twtrace
