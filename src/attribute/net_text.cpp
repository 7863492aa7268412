#include "attribute/net_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "model/loopback.h"
#include "util/fd.h"

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

namespace {

// Calls visit for each line, until it returns false. seq_file fills a buffer until the next line
// does not fit (fs/seq_file.c), so a result that leaves room for one is the last. To read on for
// an empty one would make the kernel walk the hash table of all sockets once more.
void each_line(int file, const std::function<bool(string_view)>& visit) {
    constexpr std::size_t longest_line = 256;
    std::array<char, 4096 + longest_line> text{};
    std::size_t kept = 0; // the beginning of a line
    for (bool more = true; more;) {
        constexpr std::size_t wanted = 4096;
        const ssize_t got = read(file, text.data() + kept, wanted);
        if (got <= 0)
            return;
        more = static_cast<std::size_t>(got) + longest_line > wanted;
        string_view rest(text.data(), kept + static_cast<std::size_t>(got));
        for (auto end = rest.find('\n'); end != string_view::npos; end = rest.find('\n')) {
            if (!visit(rest.substr(0, end)))
                return;
            rest.remove_prefix(end + 1);
        }
        if (rest.size() >= longest_line)
            return;
        std::memmove(text.data(), rest.data(), rest.size());
        kept = rest.size();
    }
}

} // namespace

void each_listener(const std::string& net_directory,
                   const std::function<void(const TcpSocket&)>& visit) {
    for (const char* name : {"/tcp", "/tcp6"}) {
        // O_CLOEXEC: a thread may read this while a command is started.
        const Fd file(open((net_directory + name).c_str(), O_RDONLY | O_CLOEXEC));
        bool header = true;
        each_line(file.get(), [&](string_view line) {
            TcpSocket listener;
            const bool is_listener = !header && parse_listener(line, listener);
            if (is_listener)
                visit(listener);
            return std::exchange(header, false) || is_listener;
        });
    }
}

} // namespace twtrace
