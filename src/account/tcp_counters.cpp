#include "account/tcp_counters.h"

#include <array>
#include <charconv>
#include <utility>

namespace twtrace {

namespace {

// The two lines "TcpExt: names" and "TcpExt: values".
std::pair<std::string_view, std::string_view> tcpext_lines(std::string_view text) {
    constexpr std::string_view prefix = "TcpExt: ";
    std::array<std::string_view, 2> lines;
    std::size_t found = 0;
    while (!text.empty() && found < lines.size()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.starts_with(prefix) && end != std::string_view::npos)
            lines[found++] = line.substr(prefix.size());
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return {lines[0], lines[1]};
}

std::string_view next_word(std::string_view& line) {
    const auto end = line.find(' ');
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    return word;
}

bool read_number(std::string_view text, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

std::uint64_t* target_of(std::string_view name, TcpCounters& counters) {
    if (name == "TW")
        return &counters.tw;
    if (name == "TWKilled")
        return &counters.tw_killed;
    if (name == "TWRecycled")
        return &counters.tw_recycled;
    return name == "TCPTimeWaitOverflow" ? &counters.tw_overflow : nullptr;
}

} // namespace

std::optional<TcpCounters> parse_netstat(std::string_view text) {
    auto [names, values] = tcpext_lines(text);
    if (names.empty() || values.empty())
        return std::nullopt;
    TcpCounters counters;
    bool found_tw = false;
    while (!names.empty() && !values.empty()) {
        const std::string_view name = next_word(names);
        const std::string_view value = next_word(values);
        std::uint64_t* target = target_of(name, counters);
        if (target != nullptr && !read_number(value, *target))
            return std::nullopt;
        found_tw = found_tw || target == &counters.tw;
    }
    // Without TW nothing can be compared, and 0 would be a wrong answer.
    return found_tw ? std::optional(counters) : std::nullopt;
}

std::uint64_t parse_sockstat_tw(std::string_view text) {
    constexpr std::string_view before = "TCP: ";
    const auto line_start = text.starts_with(before) ? 0 : text.find("\nTCP: ");
    if (line_start == std::string_view::npos)
        return 0;
    std::string_view line = text.substr(line_start + (line_start == 0 ? 0 : 1));
    line = line.substr(0, line.find('\n'));
    std::uint64_t present = 0;
    if (const auto tw = line.find(" tw "); tw != std::string_view::npos)
        std::from_chars(line.data() + tw + 4, line.data() + line.size(), present);
    return present;
}

} // namespace twtrace
