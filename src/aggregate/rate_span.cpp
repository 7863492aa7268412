#include "aggregate/rate_span.h"

#include <algorithm>
#include <cmath>

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

double seconds_between(std::uint64_t from_ns, std::uint64_t to_ns) {
    return static_cast<double>(to_ns - std::min(from_ns, to_ns)) / 1e9;
}

} // namespace

RateSpan::Second RateSpan::at(std::uint64_t number) const {
    const Second& second = last_.at(number % last_.size());
    return second.number == number ? second : Second{number, 0, 0};
}

void RateSpan::add(std::uint64_t now_ns, std::uint64_t times) {
    const std::uint64_t number = now_ns / second_ns;
    Second& second = last_.at(number % last_.size());
    if (second.number != number)
        second = {number, 0, now_ns};
    second.entries += times;
}

// Whether entries come so much faster in the newest of these seconds that the others don't describe
// the present: twice as fast, and beyond chance (three standard deviations of a Poisson process).
bool RateSpan::is_burst(std::uint64_t now_ns, std::size_t newest) const {
    const std::uint64_t running = now_ns / second_ns;
    const double length_s = seconds_between((running - (newest - 1)) * second_ns, now_ns);
    if (length_s < min_s)
        return false;
    double entries = 0;
    for (std::size_t ago = 0; ago < newest; ++ago)
        entries += static_cast<double>(at(running - ago).entries);
    if (entries == 0)
        return false;
    const double rate = entries / length_s;
    for (std::size_t ago = newest; ago < max_seconds; ++ago) {
        const auto before = static_cast<double>(at(running - ago).entries);
        if (before > rate / 2 || rate - before < 3 * std::sqrt(rate))
            return false;
    }
    return true;
}

void RateSpan::choose(std::uint64_t now_ns) {
    const std::uint64_t running = now_ns / second_ns;
    seconds_ = 1;
    while (seconds_ < max_seconds && !is_burst(now_ns, seconds_))
        ++seconds_;
    const std::uint64_t oldest = running - (seconds_ - 1);
    from_ns_ = std::max(start_ns_, oldest * second_ns);
    if (seconds_ < max_seconds && at(oldest).entries > 0)
        from_ns_ = std::max(from_ns_, at(oldest).first_ns);
}

double RateSpan::length_s(std::uint64_t now_ns) const {
    return std::max(min_s, seconds_between(from_ns_, now_ns));
}

} // namespace twtrace
