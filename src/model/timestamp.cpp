#include "model/timestamp.h"

#include <array>
#include <ctime>

#include "util/digits.h"

namespace twtrace {

namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;

std::int64_t now_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * static_cast<std::int64_t>(ns_per_s) + now.tv_nsec;
}

// gmtime_r and localtime_r cost a microsecond with the zone rules; thousands of events share their
// second.
struct SecondCache {
    std::uint64_t second = ~std::uint64_t{0};
    std::tm parts{};
};

const std::tm& parts_of(SecondCache& cache, std::uint64_t second,
                        std::tm* (*convert)(const time_t*, std::tm*)) {
    if (cache.second != second) {
        const auto time = static_cast<time_t>(second);
        convert(&time, &cache.parts);
        cache.second = second;
    }
    return cache.parts;
}

char* append_clock(const std::tm& parts, char* out) {
    out = format_padded(static_cast<std::uint64_t>(parts.tm_hour), 2, out);
    *out++ = ':';
    out = format_padded(static_cast<std::uint64_t>(parts.tm_min), 2, out);
    *out++ = ':';
    return format_padded(static_cast<std::uint64_t>(parts.tm_sec), 2, out);
}

} // namespace

void append_rfc3339(std::string& out, std::uint64_t wall_ns) {
    thread_local SecondCache cache;
    const std::tm& parts = parts_of(cache, wall_ns / ns_per_s, gmtime_r);
    std::array<char, 40> text{};
    char* end = format_padded(static_cast<std::uint64_t>(parts.tm_year) + 1900, 4, text.data());
    *end++ = '-';
    end = format_padded(static_cast<std::uint64_t>(parts.tm_mon) + 1, 2, end);
    *end++ = '-';
    end = format_padded(static_cast<std::uint64_t>(parts.tm_mday), 2, end);
    *end++ = 'T';
    end = append_clock(parts, end);
    *end++ = '.';
    end = format_padded(wall_ns % ns_per_s, 9, end);
    *end++ = 'Z';
    out.append(text.data(), end);
}

void append_local_time(std::string& out, std::uint64_t wall_ns) {
    thread_local SecondCache cache;
    const std::tm& parts = parts_of(cache, wall_ns / ns_per_s, localtime_r);
    std::array<char, 16> text{};
    out.append(text.data(), append_clock(parts, text.data()));
}

std::int64_t wall_minus_monotonic_ns() {
    return now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
}

std::uint64_t monotonic_now_ns() {
    return static_cast<std::uint64_t>(now_ns(CLOCK_MONOTONIC));
}

} // namespace twtrace
