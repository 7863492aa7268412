#include "account/sockstat.h"

#include <charconv>

#include "util/file.h"

namespace twtrace {

namespace {

// The part after the prefix of the line "PREFIX: name value name value".
std::optional<std::string_view> line_of(std::string_view text, std::string_view prefix) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        if (line.starts_with(prefix))
            return line.substr(prefix.size());
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return std::nullopt;
}

std::uint64_t value_of(std::string_view line, std::string_view name) {
    const auto at = line.find(name);
    std::uint64_t value = 0;
    if (at != std::string_view::npos)
        std::from_chars(line.data() + at + name.size(), line.data() + line.size(), value);
    return value;
}

} // namespace

std::optional<SockStat> parse_sockstat(std::string_view sockstat, std::string_view sockstat6) {
    const auto tcp = line_of(sockstat, "TCP:");
    if (!tcp)
        return std::nullopt;
    SockStat counts;
    counts.inuse = value_of(*tcp, " inuse ");
    counts.allocated = value_of(*tcp, " alloc ");
    counts.time_wait = value_of(*tcp, " tw ");
    if (const auto tcp6 = line_of(sockstat6, "TCP6:"))
        counts.inuse += value_of(*tcp6, " inuse ");
    return counts;
}

std::optional<SockStat> read_sockstat(const std::string& directory) {
    const auto sockstat = read_file(directory + "/sockstat");
    if (!sockstat)
        return std::nullopt;
    return parse_sockstat(*sockstat, read_file(directory + "/sockstat6").value_or(""));
}

} // namespace twtrace
