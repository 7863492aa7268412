#include "attribute/net_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "model/loopback.h"

namespace twtrace {

namespace {

using std::string_view;

string_view take_line(string_view& text) {
    const string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

string_view take_word(string_view& line) {
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
    const string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

template <typename Number>
std::optional<Number> number(string_view text, int base) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty()
               ? std::optional(value)
               : std::nullopt;
}

void add_once(std::vector<Address>& all, const Address& address) {
    if (std::find(all.begin(), all.end(), address) == all.end())
        all.push_back(address);
}

// tcp and tcp6 write addresses as 32-bit words in host byte order.
std::optional<Address> from_host_order(string_view hex) {
    if (hex.size() != 8 && hex.size() != 32)
        return std::nullopt;
    Address address;
    address.family = hex.size() == 8 ? 4 : 6;
    for (std::size_t word = 0; word < hex.size() / 8; ++word) {
        const auto value = number<std::uint32_t>(hex.substr(word * 8, 8), 16);
        if (!value)
            return std::nullopt;
        std::memcpy(address.bytes.data() + word * 4, &*value, sizeof *value);
    }
    if (const auto mapped = unmapped(address))
        return mapped;
    return address;
}

std::optional<Address> from_network_order(string_view hex) {
    Address address;
    address.family = 6;
    if (hex.size() != 2 * address.bytes.size())
        return std::nullopt;
    for (std::size_t at = 0; at < address.bytes.size(); ++at) {
        const auto byte = number<std::uint8_t>(hex.substr(2 * at, 2), 16);
        if (!byte)
            return std::nullopt;
        address.bytes[at] = *byte;
    }
    return address;
}

} // namespace

std::vector<Address> parse_fib_trie(string_view text) {
    std::vector<Address> all;
    std::optional<Address> last;
    while (!text.empty()) {
        const string_view line = take_line(text);
        constexpr string_view leaf = "|-- ";
        const std::size_t at = line.find(leaf);
        if (at != string_view::npos)
            last = parse_address(std::string(line.substr(at + leaf.size())));
        else if (last && last->family == 4 && line.ends_with("/32 host LOCAL") &&
                 !is_loopback(*last))
            add_once(all, *last);
    }
    return all;
}

std::vector<Address> parse_if_inet6(string_view text) {
    std::vector<Address> all;
    while (!text.empty()) {
        string_view line = take_line(text);
        const auto address = from_network_order(take_word(line));
        const bool link_local =
            address && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0U) == 0x80;
        if (address && !is_loopback(*address) && !link_local)
            add_once(all, *address);
    }
    return all;
}

bool parse_listener(string_view line, TcpSocket& listener) {
    constexpr string_view listen = "0A";
    std::array<string_view, 10> words;
    for (string_view& word : words)
        word = take_word(line);
    const string_view local = words[1];
    const std::size_t colon = local.find(':');
    if (colon == string_view::npos || words[3] != listen)
        return false;
    const auto address = from_host_order(local.substr(0, colon));
    const auto port = number<std::uint16_t>(local.substr(colon + 1), 16);
    const auto inode = number<std::uint32_t>(words[9], 10);
    if (!address || !port || !inode)
        return false;
    listener = {};
    listener.state = TcpState::Listen;
    listener.local = *address;
    listener.local_port = *port;
    listener.inode = *inode;
    return true;
}

void each_listener(const std::string& net_directory,
                   const std::function<void(const TcpSocket&)>& visit) {
    for (const char* file : {"/tcp", "/tcp6"}) {
        // "e" (O_CLOEXEC): a thread may read this while a command is started.
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(
            std::fopen((net_directory + file).c_str(), "re"), &std::fclose);
        std::array<char, 512> line{};
        const auto next = [&] { return std::fgets(line.data(), line.size(), in.get()) != nullptr; };
        if (!in || !next()) // the header
            continue;
        TcpSocket listener;
        while (next() && parse_listener(line.data(), listener))
            visit(listener);
    }
}

} // namespace twtrace
