#include "exporter/losses.h"

#include <algorithm>
#include <cstdlib>

namespace twtrace {

void Losses::add(const Accounting& accounting, std::uint64_t overflow) {
    last_[next_] = accounting;
    next_ = (next_ + 1) % seconds;
    known_ = std::min(known_ + 1, seconds);
    // Counters must not fall, even if a namespace ends.
    lost_ = std::max(lost_, accounting.lost);
    overflow_ = std::max(overflow_, overflow);
    unverified_ = std::max(unverified_, accounting.unverified);
    without_closer_ = std::max(without_closer_, accounting.without_closer);
    untracked_ = std::max(untracked_, accounting.untracked);
    if (accounting.kernel)
        kernel_ = std::max(kernel_.value_or(0), *accounting.kernel);
    std::uint64_t missed = known_ < seconds ? 0 : accounting.missed;
    for (std::size_t index = 0; index < known_; ++index)
        missed = std::min(missed, last_[index].missed);
    missed_ = std::max(missed_, missed);
}

std::optional<std::int64_t> Losses::unaccounted() const {
    std::optional<std::int64_t> least;
    for (std::size_t index = 0; index < known_; ++index) {
        const Accounting& accounting = last_[index];
        if (accounting.kernel && (!least || std::abs(accounting.unaccounted) < std::abs(*least)))
            least = accounting.unaccounted;
    }
    return least;
}

} // namespace twtrace
