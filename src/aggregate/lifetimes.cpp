#include "aggregate/lifetimes.h"

#include <cmath>
#include <numeric>

namespace twtrace {

std::optional<std::uint64_t> quantile_us(const LifetimeSums& sums, double share) {
    const std::uint64_t all = std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
    if (all == 0)
        return std::nullopt;
    const auto rank = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all))));
    std::uint64_t seen = 0;
    std::size_t index = 0;
    while (index + 1 < lifetime_buckets && (seen += sums[index]) < rank)
        ++index;
    return Histogram::upper_end(index);
}

} // namespace twtrace
