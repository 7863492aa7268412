#include "app/wall_time.h"

#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>

#include <fmt/format.h>

#include "util/text.h"

namespace twtrace {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

tl::unexpected<Error> not_a_time(const std::string& text) {
    return fail(fmt::format("'{}' is not a time such as -15m (before the end of the recording), "
                            "03:12, 03:12:30, '2026-11-28 03:12', or RFC 3339",
                            printable(text)),
                ExitCode::Usage);
}

tl::unexpected<Error> out_of_range(const std::string& text) {
    return fail(fmt::format("'{}' is not between the years 1970 and 2262; give a time within the "
                            "recording",
                            printable(text)),
                ExitCode::Usage);
}

// Seconds in "15m"; none: not of this form.
std::optional<double> parse_duration_s(std::string_view text) {
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || !std::isfinite(value) || value < 0)
        return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(parsed.ptr - text.data()));
    for (const auto& [name, seconds] :
         {std::pair{"", 1.0}, {"s", 1.0}, {"m", 60.0}, {"h", 3600.0}, {"d", 86400.0}})
        if (unit == name && value * seconds < 1e10)
            return value * seconds;
    return std::nullopt;
}

struct Parsed {
    std::tm time{};
    double fraction_s = 0;
    bool has_date = false;
    bool is_utc = false;
    int offset_s = 0; // of RFC 3339: 02:00 is 7200
};

std::optional<int> two_digits(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!is_digit(text[0]) || !is_digit(text[1]))
        return std::nullopt;
    return (text[0] - '0') * 10 + (text[1] - '0');
}

// Parses ".5" and a zone at the end of the text.
bool parse_rest(const char* rest, Parsed& parsed) {
    if (*rest == '.') {
        char* end = nullptr;
        parsed.fraction_s = std::strtod(rest, &end);
        if (end == rest + 1 || parsed.fraction_s >= 1) // strtod() also accepts an exponent
            return false;
        rest = end;
    }
    if (*rest == '\0')
        return true;
    if (!parsed.has_date)
        return false;
    parsed.is_utc = true;
    if ((*rest == 'Z' || *rest == 'z') && rest[1] == '\0')
        return true;
    const std::string_view zone(rest); // +02:00
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
        return false;
    const auto hours = two_digits(zone.substr(1, 2));
    const auto minutes = two_digits(zone.substr(4, 2));
    if (!hours || !minutes || *hours > 23 || *minutes > 59)
        return false;
    parsed.offset_s = (*hours * 3600 + *minutes * 60) * (zone[0] == '-' ? -1 : 1);
    return true;
}

std::optional<Parsed> parse(const std::string& text) {
    for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                               "%Y-%m-%d %H:%M", "%H:%M:%S", "%H:%M"}) {
        Parsed parsed;
        parsed.has_date = format[1] == 'Y';
        const char* rest = strptime(text.c_str(), format, &parsed.time);
        if (rest != nullptr && parse_rest(rest, parsed))
            return parsed;
    }
    return std::nullopt;
}

constexpr std::uint64_t limit_ns = std::numeric_limits<std::int64_t>::max();

// None: before 1970, or about 2^63 ns and more after it. 0 would stand for "no time given".
std::optional<std::uint64_t> in_ns(std::time_t seconds, double fraction_s) {
    if (seconds < 0 || static_cast<std::uint64_t>(seconds) >= limit_ns / second_ns)
        return std::nullopt;
    const std::uint64_t wall_ns = static_cast<std::uint64_t>(seconds) * second_ns +
                                  static_cast<std::uint64_t>(std::llround(fraction_s * 1e9));
    return wall_ns > 0 ? std::optional(wall_ns) : std::nullopt;
}

std::optional<std::uint64_t> of_date(Parsed& parsed) {
    parsed.time.tm_isdst = -1;
    const std::time_t at =
        parsed.is_utc ? timegm(&parsed.time) - parsed.offset_s : std::mktime(&parsed.time);
    return in_ns(at, parsed.fraction_s);
}

// The last occurrence of this time of day that is not after the end.
std::optional<std::uint64_t> last_before(std::uint64_t end_wall_ns, const Parsed& parsed) {
    const auto end = static_cast<std::time_t>(end_wall_ns / second_ns);
    std::tm last_day{};
    localtime_r(&end, &last_day);
    for (int days_back = 0;; ++days_back) {
        // By the calendar: a day has 23 or 25 hours when the clocks change.
        std::tm local = last_day;
        local.tm_mday -= days_back;
        local.tm_hour = parsed.time.tm_hour;
        local.tm_min = parsed.time.tm_min;
        local.tm_sec = parsed.time.tm_sec;
        local.tm_isdst = -1;
        const std::time_t at = std::mktime(&local);
        if (at <= end || days_back == 2)
            return in_ns(at, parsed.fraction_s);
    }
}

} // namespace

Result<std::uint64_t> wall_time_in(const Recording& recording, const std::string& text) {
    if (text.empty())
        return 0;
    if (text[0] == '-') {
        const auto duration_s = parse_duration_s(std::string_view(text).substr(1));
        if (!duration_s)
            return not_a_time(text);
        const std::uint64_t end = recording.end_wall_ns();
        const auto before_end = static_cast<std::uint64_t>(*duration_s * 1e9);
        if (before_end >= end || end - before_end > limit_ns)
            return out_of_range(text);
        return end - before_end;
    }
    auto parsed = parse(text);
    if (!parsed)
        return not_a_time(text);
    const auto wall_ns =
        parsed->has_date ? of_date(*parsed) : last_before(recording.end_wall_ns(), *parsed);
    if (!wall_ns)
        return out_of_range(text);
    return *wall_ns;
}

std::string local_date_time(std::uint64_t wall_ns) {
    const auto seconds = static_cast<std::time_t>(wall_ns / second_ns);
    std::tm local{};
    localtime_r(&seconds, &local);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", local.tm_year + 1900,
                       local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
}

} // namespace twtrace
