#include "model/timestamp.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "util/digits.h"
#include "util/time_namespace.h"

namespace twtrace {

namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;

std::int64_t now_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * static_cast<std::int64_t>(ns_per_s) + now.tv_nsec;
}

char* format_clock(const std::tm& parts, char* out) {
    out = format_padded(static_cast<std::uint64_t>(parts.tm_hour), 2, out);
    *out++ = ':';
    out = format_padded(static_cast<std::uint64_t>(parts.tm_min), 2, out);
    *out++ = ':';
    return format_padded(static_cast<std::uint64_t>(parts.tm_sec), 2, out);
}

char* format_date(const std::tm& parts, char* out) {
    out = format_padded(static_cast<std::uint64_t>(parts.tm_year) + 1900, 4, out);
    *out++ = '-';
    out = format_padded(static_cast<std::uint64_t>(parts.tm_mon) + 1, 2, out);
    *out++ = '-';
    return format_padded(static_cast<std::uint64_t>(parts.tm_mday), 2, out);
}

// The text of a second, cached: gmtime_r and localtime_r take a microsecond with the zone rules,
// and thousands of events share their second.
struct SecondText {
    std::uint64_t second = ~std::uint64_t{0};
    std::array<char, 24> text{};
    char* end = nullptr;
};

std::tm parts_of(std::uint64_t second, std::tm* (*convert)(const time_t*, std::tm*)) {
    const auto time = static_cast<time_t>(second);
    std::tm parts{};
    convert(&time, &parts);
    return parts;
}

} // namespace

char* format_rfc3339(std::uint64_t wall_ns, char* out) {
    thread_local SecondText cache;
    const std::uint64_t second = wall_ns / ns_per_s;
    if (second != std::exchange(cache.second, second)) {
        const std::tm parts = parts_of(second, gmtime_r);
        cache.end = format_date(parts, cache.text.data());
        *cache.end++ = 'T';
        cache.end = format_clock(parts, cache.end);
    }
    out = std::copy(cache.text.data(), cache.end, out);
    *out++ = '.';
    out = format_padded(wall_ns % ns_per_s, 9, out);
    *out++ = 'Z';
    return out;
}

char* format_local_time(std::uint64_t wall_ns, char* out) {
    thread_local SecondText cache;
    const std::uint64_t second = wall_ns / ns_per_s;
    if (second != std::exchange(cache.second, second))
        cache.end = format_clock(parts_of(second, localtime_r), cache.text.data());
    return std::copy(cache.text.data(), cache.end, out);
}

void append_rfc3339(std::string& out, std::uint64_t wall_ns) {
    std::array<char, 32> text{};
    out.append(text.data(), format_rfc3339(wall_ns, text.data()));
}

void append_local_time(std::string& out, std::uint64_t wall_ns) {
    std::array<char, 16> text{};
    out.append(text.data(), format_local_time(wall_ns, text.data()));
}

std::int64_t wall_minus_monotonic_ns() {
    return now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC) + time_offsets().monotonic_ns;
}

std::uint64_t monotonic_now_ns() {
    return static_cast<std::uint64_t>(now_ns(CLOCK_MONOTONIC) - time_offsets().monotonic_ns);
}

} // namespace twtrace
