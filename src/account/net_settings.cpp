#include "account/net_settings.h"

#include <charconv>

#include "util/file.h"

namespace twtrace {

namespace {

// A number may be followed by nothing, white space, or the next part of a list.
template <typename Number>
std::optional<Number> leading_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> read_number(const std::string& path) {
    const auto text = read_file(path);
    return text ? leading_number<std::uint64_t>(*text) : std::nullopt;
}

PortRange parse_port_range(std::string_view text) {
    const auto first = leading_number<std::uint32_t>(text);
    const std::size_t digit = text.find_first_of("0123456789", text.find_first_of(" \t"));
    if (!first || digit == std::string_view::npos)
        return {};
    const auto last = leading_number<std::uint32_t>(text.substr(digit));
    return last ? PortRange{*first, *last} : PortRange{};
}

} // namespace

std::uint32_t NetSettings::usable_ports() const {
    std::uint32_t usable = 0;
    for (std::uint32_t port = ephemeral.first; port <= ephemeral.last && port <= 65535; ++port)
        usable += reserved.contains(static_cast<std::uint16_t>(port)) ? 0 : 1;
    return usable;
}

PortSet parse_port_list(std::string_view text) {
    PortSet ports;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        const auto first = leading_number<std::uint16_t>(part);
        const std::size_t dash = part.find('-');
        const auto last = dash == std::string_view::npos
                              ? first
                              : leading_number<std::uint16_t>(part.substr(dash + 1));
        if (!first || !last)
            continue;
        for (std::uint32_t port = *first; port <= *last; ++port)
            ports.insert(static_cast<std::uint16_t>(port));
    }
    return ports;
}

PortRange read_port_range(const std::string& directory) {
    const auto range = read_file(directory + "/ip_local_port_range");
    return range ? parse_port_range(*range) : PortRange{};
}

// net/ipv4/tcp_ipv4.c, tcp_sk_init() (since 4.19).
NetSettings default_net_settings() {
    NetSettings settings;
    settings.ephemeral = default_port_range;
    settings.tw_reuse = 2;
    settings.timestamps = 1;
    return settings;
}

NetSettings read_net_settings(const std::string& directory) {
    NetSettings settings;
    settings.ephemeral = read_port_range(directory);
    if (const auto reserved = read_file(directory + "/ip_local_reserved_ports"))
        settings.reserved = parse_port_list(*reserved);
    settings.max_tw_buckets = read_number(directory + "/tcp_max_tw_buckets");
    settings.tw_reuse = read_number(directory + "/tcp_tw_reuse");
    settings.tw_reuse_delay_ms = read_number(directory + "/tcp_tw_reuse_delay");
    settings.tw_recycle = read_number(directory + "/tcp_tw_recycle");
    settings.timestamps = read_number(directory + "/tcp_timestamps");
    settings.fin_timeout_s = read_number(directory + "/tcp_fin_timeout");
    return settings;
}

} // namespace twtrace
