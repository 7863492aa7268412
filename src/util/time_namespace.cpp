#include "util/time_namespace.h"

#include <algorithm>
#include <charconv>

#include <sys/stat.h>

#include "util/file.h"

namespace twtrace {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

std::int64_t next_number(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return error == std::errc{} ? number : 0;
}

std::int64_t next_offset_ns(std::string_view& rest) {
    const std::int64_t seconds = next_number(rest);
    const std::int64_t ns = next_number(rest);
    std::int64_t sum = 0;
    if (__builtin_mul_overflow(seconds, ns_per_s, &sum) || __builtin_add_overflow(sum, ns, &sum))
        return 0;
    return sum;
}

} // namespace

// "monotonic        1000         0", seconds and nanoseconds; likewise "boottime".
TimeOffsets parse_time_offsets(std::string_view text) {
    TimeOffsets offsets;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::string_view clock = line.substr(0, line.find(' '));
        line.remove_prefix(clock.size());
        const std::int64_t ns = next_offset_ns(line);
        if (clock == "monotonic")
            offsets.monotonic_ns = ns;
        else if (clock == "boottime")
            offsets.boottime_ns = ns;
    }
    return offsets;
}

const TimeOffsets& time_offsets() {
    static const TimeOffsets offsets =
        parse_time_offsets(read_file("/proc/self/timens_offsets").value_or(""));
    return offsets;
}

bool knows_time_offsets() {
    struct stat own {};
    struct stat of_children {};
    return stat("/proc/self/ns/time", &own) != 0 ||
           stat("/proc/self/ns/time_for_children", &of_children) != 0 ||
           own.st_ino == of_children.st_ino;
}

} // namespace twtrace
