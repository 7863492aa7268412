#include "aggregate/histogram.h"

#include <algorithm>
#include <cmath>

namespace twtrace {

std::optional<std::uint64_t> Histogram::quantile(double share) const {
    if (count_ == 0)
        return std::nullopt;
    const auto rank = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < buckets; ++index) {
        seen += counts_[index];
        if (seen >= rank)
            return std::min(upper_end(index), max_);
    }
    return max_;
}

} // namespace twtrace
