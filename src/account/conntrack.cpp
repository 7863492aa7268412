#include "account/conntrack.h"

#include <charconv>
#include <vector>

#include "util/file.h"

namespace twtrace {

namespace {

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos)
            break;
        line.remove_prefix(begin);
        const std::size_t length = std::min(line.find_first_of(" \t"), line.size());
        words.push_back(line.substr(0, length));
        line.remove_prefix(length);
    }
    return words;
}

template <typename Number>
std::optional<Number> number_of(std::string_view text, int base) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> read_number(const std::string& path) {
    const auto text = read_file(path);
    return text ? number_of<std::uint64_t>(*text, 10) : std::nullopt;
}

} // namespace

std::uint64_t sum_of_column(std::string_view stat, std::string_view column) {
    std::optional<std::size_t> index;
    std::uint64_t sum = 0;
    while (!stat.empty()) {
        const std::size_t length = std::min(stat.find('\n'), stat.size());
        const auto words = words_of(stat.substr(0, length));
        stat.remove_prefix(std::min(stat.size(), length + 1));
        if (!index) {
            for (std::size_t at = 0; at < words.size() && !index; ++at)
                if (words[at] == column)
                    index = at;
            if (!index)
                return 0;
        } else if (*index < words.size()) {
            sum += number_of<std::uint64_t>(words[*index], 16).value_or(0);
        }
    }
    return sum;
}

Conntrack read_conntrack(const std::string& sysctl, const std::string& net) {
    Conntrack conntrack;
    conntrack.entries = read_number(sysctl + "/netfilter/nf_conntrack_count");
    conntrack.max_entries = read_number(sysctl + "/netfilter/nf_conntrack_max");
    conntrack.time_wait_s = read_number(sysctl + "/netfilter/nf_conntrack_tcp_timeout_time_wait");
    conntrack.forwards = read_number(sysctl + "/ipv4/ip_forward").value_or(0) != 0;
    if (const auto stat = read_file(net + "/stat/nf_conntrack")) {
        conntrack.insert_failed = sum_of_column(*stat, "insert_failed");
        conntrack.dropped = sum_of_column(*stat, "drop") + sum_of_column(*stat, "early_drop");
    }
    return conntrack;
}

} // namespace twtrace
