#include "cli/values.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/text.h"

namespace twtrace {

namespace {

tl::unexpected<Error> bad_value(std::string_view text, std::string_view right) {
    return fail(fmt::format("'{}' is not {}", printable(text), right), ExitCode::Usage);
}

/// A name of a container or pod, with the wildcards of fnmatch(3).
bool is_name_pattern(std::string_view text) {
    constexpr std::size_t max_bytes = 253;
    constexpr std::string_view others = "_.-*?[]!^";
    return !text.empty() && text.size() <= max_bytes &&
           std::all_of(text.begin(), text.end(), [&](unsigned char byte) {
               return std::isalnum(byte) != 0 ||
                      others.find(static_cast<char>(byte)) != others.npos;
           });
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (std::size_t comma = text.find(','); comma != std::string::npos;
         comma = text.find(',', start)) {
        parts.push_back(text.substr(start, comma - start));
        start = comma + 1;
    }
    parts.push_back(text.substr(start));
    return parts;
}

Result<void> insert_ports(PortSet& ports, const std::string& part) {
    const auto dash = part.find('-');
    const auto first = parse_number(part.substr(0, dash), 1, 65535);
    const auto last =
        dash == std::string::npos ? first : parse_number(part.substr(dash + 1), 1, 65535);
    if (!first || !last || *first > *last)
        return bad_value(part, "a port (1 to 65535) or a range such as 8000-8100");
    for (std::uint64_t port = *first; port <= *last; ++port)
        ports.insert(static_cast<std::uint16_t>(port));
    return {};
}

// Every file has an inode number; that of another kind of file would filter everything out.
bool is_netns(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    return file && ioctl(file.get(), NS_GET_NSTYPE) == CLONE_NEWNET;
}

} // namespace

Result<std::uint64_t> parse_number(const std::string& text, std::uint64_t min, std::uint64_t max) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max)
        return bad_value(text, fmt::format("a whole number from {} to {}", min, max));
    return value;
}

Result<std::vector<std::uint32_t>> parse_pids(const std::string& text) {
    std::vector<std::uint32_t> pids;
    for (const std::string& part : split(text)) {
        const auto pid = parse_number(part, 1, 4194304); // PID_MAX_LIMIT
        if (!pid)
            return bad_value(text, "a process id or a list such as 12,34");
        pids.push_back(static_cast<std::uint32_t>(*pid));
    }
    return pids;
}

Result<PortSet> parse_ports(const std::string& text) {
    PortSet ports;
    for (const std::string& part : split(text))
        if (auto inserted = insert_ports(ports, part); !inserted)
            return tl::unexpected(inserted.error());
    return ports;
}

Result<std::chrono::milliseconds> parse_seconds(const std::string& text) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    constexpr double year = 366.0 * 86400;
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(seconds) ||
        seconds < 0.001 || seconds > year)
        return bad_value(text, "a number of seconds such as 10 or 0.5");
    return std::chrono::milliseconds(std::llround(seconds * 1000));
}

Result<std::uint32_t> parse_netns(const std::string& text) {
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) {
        auto inode = parse_number(text, 1, 0xffffffffU);
        if (!inode)
            return bad_value(text, "an inode of a network namespace");
        return static_cast<std::uint32_t>(*inode);
    }
    struct stat status {};
    if (stat(text.c_str(), &status) != 0)
        return fail(
            fmt::format("cannot read '{}': {}; give an inode or a path such as /run/netns/NAME or "
                        "/proc/PID/ns/net",
                        printable(text), std::strerror(errno)),
            ExitCode::Usage);
    if (!S_ISREG(status.st_mode) || status.st_ino > 0xffffffffU || !is_netns(text))
        return bad_value(text, "a network namespace; give an inode or a path such as "
                               "/run/netns/NAME or /proc/PID/ns/net");
    return static_cast<std::uint32_t>(status.st_ino);
}

Result<std::uint32_t> parse_ring_bytes(const std::string& text) {
    std::string digits = text;
    std::uint64_t unit = 1;
    if (!digits.empty() && (digits.back() == 'K' || digits.back() == 'M' || digits.back() == 'G')) {
        unit = digits.back() == 'K' ? 1U << 10 : digits.back() == 'M' ? 1U << 20 : 1U << 30;
        digits.pop_back();
    }
    const auto number = parse_number(digits, 1, 1U << 30);
    const std::uint64_t bytes = number ? *number * unit : 0;
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    if (bytes < page || bytes > 1U << 30 || !std::has_single_bit(bytes))
        return bad_value(
            text, fmt::format("a power of two from {} bytes (one page) to 1G, such as 8M", page));
    return static_cast<std::uint32_t>(bytes);
}

Result<std::uint64_t> parse_size(const std::string& text) {
    std::string digits = text;
    unsigned shift = 0;
    for (const auto& [letter, bits] : {std::pair{'K', 10U}, {'M', 20U}, {'G', 30U}, {'T', 40U}})
        if (!digits.empty() && digits.back() == letter)
            shift = bits;
    if (shift > 0)
        digits.pop_back();
    const auto number = parse_number(digits, 1, std::uint64_t{1} << (62 - shift));
    if (!number || *number << shift < std::uint64_t{1} << 20U)
        return bad_value(text, "a size of 1M or more, such as 500M or 2G");
    return *number << shift;
}

Result<std::uint64_t> parse_age_s(const std::string& text) {
    std::string digits = text;
    std::uint64_t unit = 1;
    for (const auto& [letter, seconds] :
         {std::pair{'s', 1U}, {'m', 60U}, {'h', 3600U}, {'d', 86400U}})
        if (!digits.empty() && digits.back() == letter) {
            unit = seconds;
            digits.pop_back();
            break;
        }
    const auto number = parse_number(digits, 1, 1'000'000'000);
    if (!number || *number * unit < 60)
        return bad_value(text, "a time of a minute or more, such as 30m, 12h or 7d");
    return *number * unit;
}

Result<Cidr> parse_cidr(const std::string& text) {
    constexpr std::string_view right = "an address or a range such as 10.0.0.0/8 or 2001:db8::/32";
    const auto slash = text.find('/');
    auto address = parse_address(text.substr(0, slash));
    if (!address)
        return bad_value(text, right);
    const std::uint64_t max_bits = address->family == 4 ? 32 : 128;
    const auto bits =
        slash == std::string::npos ? max_bits : parse_number(text.substr(slash + 1), 0, max_bits);
    if (!bits)
        return bad_value(text, right);
    // IPv4-mapped addresses are IPv4 here (RFC 4291, 2.5.5.2).
    const auto mapped = unmapped(*address);
    const bool is_mapped = mapped && *bits >= 96;
    const auto kept = static_cast<std::uint8_t>(is_mapped ? *bits - 96 : *bits);
    return Cidr{Cidr::masked(is_mapped ? *mapped : *address, kept), kept};
}

Result<std::string> parse_unit(const std::string& text) {
    if (text.empty() || text.size() > 255) // UNIT_NAME_MAX
        return bad_value(text, "the name of a systemd unit such as nginx.service");
    return text;
}

Result<std::string> parse_container(const std::string& text) {
    if (!is_name_pattern(text))
        return bad_value(text, "a container's name, a pattern such as 'web*', or the beginning of "
                               "its id, as docker ps and podman ps show them");
    return text;
}

Result<PodPattern> parse_pod(const std::string& text) {
    const std::size_t slash = text.find('/');
    PodPattern pod;
    if (slash != std::string::npos)
        pod.pod_namespace = text.substr(0, slash);
    pod.name = slash == std::string::npos ? text : text.substr(slash + 1);
    if (!is_name_pattern(pod.name) ||
        (slash != std::string::npos && !is_name_pattern(pod.pod_namespace)))
        return bad_value(text, "a pod as NAMESPACE/NAME, or the NAME alone; NAME may be that of "
                               "its workload, and either a pattern such as 'web-*'");
    return pod;
}

Result<std::string> parse_pod_namespace(const std::string& text) {
    if (!is_name_pattern(text))
        return bad_value(text, "the name of a Kubernetes namespace, or a pattern such as 'shop-*'");
    return text;
}

Result<std::string> parse_cgroup(const std::string& text) {
    std::string path = text;
    for (const std::string_view mount : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"})
        if (path.starts_with(mount) && (path.size() == mount.size() || path[mount.size()] == '/')) {
            path.erase(0, mount.size());
            break;
        }
    while (path.ends_with('/'))
        path.pop_back();
    if (text.empty() || path.size() > 4000)
        return bad_value(text, "the path of a cgroup such as /system.slice/nginx.service");
    return path.starts_with('/') ? path : "/" + path;
}

Result<std::string> parse_comm(const std::string& text) {
    if (text.empty() || text.size() > 255) // NAME_MAX: that of an executable
        return bad_value(text,
                         "a process name as SERVICE shows it, or a thread's as in /proc/PID/comm");
    return text;
}

} // namespace twtrace
