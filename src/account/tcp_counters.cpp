#include "account/tcp_counters.h"

#include <array>
#include <charconv>
#include <utility>

#include "util/file.h"

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
        if (line.starts_with(prefix))
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

bool parse_number(std::string_view text, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
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
        std::uint64_t* target = name == "TW"                    ? &counters.tw
                                : name == "TWKilled"            ? &counters.tw_killed
                                : name == "TCPTimeWaitOverflow" ? &counters.tw_overflow
                                                                : nullptr;
        if (target != nullptr && !parse_number(value, *target))
            return std::nullopt;
        found_tw = found_tw || target == &counters.tw;
    }
    // Without it nothing can be compared, and 0 would be a wrong answer.
    return found_tw ? std::optional(counters) : std::nullopt;
}

std::optional<TcpCounters> read_tcp_counters(const std::string& directory) {
    const auto text = read_file(directory + "/netstat");
    return text ? parse_netstat(*text) : std::nullopt;
}

} // namespace twtrace
