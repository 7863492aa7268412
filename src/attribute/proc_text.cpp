#include "attribute/proc_text.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <unistd.h>

#include "attribute/cgroup_path.h"
#include "util/time_namespace.h"

namespace twtrace {
namespace {

using std::string_view;

/// Removes the text up to `separator` from the front of `rest` and returns it.
string_view cut(string_view& rest, char separator) {
    const std::size_t at = rest.find(separator);
    const string_view head = rest.substr(0, at);
    rest = at == string_view::npos ? string_view{} : rest.substr(at + 1);
    return head;
}

struct CgroupLine {
    string_view controllers;
    string_view path;
};

/// One line "<id>:<controllers>:<path>"; the path may itself hold colons. False at the end.
bool next_line(string_view& text, CgroupLine& line) {
    while (!text.empty()) {
        string_view rest = cut(text, '\n');
        cut(rest, ':');
        const std::size_t colon = rest.find(':');
        if (colon == string_view::npos)
            continue;
        line = {rest.substr(0, colon), rest.substr(colon + 1)};
        // Marks a cgroup that was removed while a process was still in it; cgroup v2 only.
        constexpr string_view deleted = " (deleted)";
        if (line.path.ends_with(deleted))
            line.path.remove_suffix(deleted.size());
        if (line.path.starts_with('/'))
            return true;
    }
    return false;
}

/// Of two equally specific paths, the one with the higher rank is preferred.
int rank(string_view controllers) {
    if (controllers == "name=systemd")
        return 2;
    return controllers.empty() ? 1 : 0;
}

auto depth(string_view path) {
    return path == "/" ? 0 : std::count(path.begin(), path.end(), '/');
}

} // namespace

std::string decode_octal(string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* digits = text.data() + i + 1;
        if (text[i] == '\\' && i + 3 < text.size()) {
            const auto parsed = std::from_chars(digits, digits + 3, value, 8);
            if (parsed.ec == std::errc{} && parsed.ptr == digits + 3 && value < 256) {
                out.push_back(static_cast<char>(value));
                i += 3;
                continue;
            }
        }
        out.push_back(text[i]);
    }
    return out;
}

std::optional<std::string> read_text(const std::string& path, std::size_t limit_bytes) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return std::nullopt;
    std::string text;
    ssize_t got = 0;
    do {
        char buffer[4096];
        got = read(fd, buffer, std::min(sizeof buffer, limit_bytes - text.size()));
        if (got > 0)
            text.append(buffer, static_cast<std::size_t>(got));
    } while ((got > 0 && text.size() < limit_bytes) || (got < 0 && errno == EINTR));
    close(fd);
    if (got < 0)
        return std::nullopt;
    return text;
}

CgroupMounts parse_mountinfo(string_view text) {
    CgroupMounts mounts;
    while (!text.empty()) {
        // 41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
        string_view line = cut(text, '\n');
        const std::size_t dash = line.find(" - ");
        if (dash == string_view::npos)
            continue;
        string_view after = line.substr(dash + 3);
        const string_view type = cut(after, ' ');
        mounts.has_v1 = mounts.has_v1 || type == "cgroup";
        if (type != "cgroup2" || (!mounts.v2_mount.empty() && mounts.v2_root == "/"))
            continue;
        for (int skipped = 0; skipped < 3; ++skipped)
            cut(line, ' ');
        const string_view root = cut(line, ' ');
        const string_view mount = cut(line, ' ');
        if (mount.starts_with('/') && (mounts.v2_mount.empty() || root == "/")) {
            mounts.v2_root = decode_octal(root);
            mounts.v2_mount = decode_octal(mount);
        }
    }
    return mounts;
}

std::optional<std::string> choose_cgroup_path(string_view text) {
    std::optional<CgroupLine> best;
    bool best_has_container = false;
    CgroupLine line;
    while (next_line(text, line)) {
        const bool container = !name_cgroup(line.path).container.empty();
        const auto preference = [](const CgroupLine& l) {
            return depth(l.path) == 0 ? -1 : rank(l.controllers);
        };
        const bool better =
            !best || container > best_has_container ||
            (container == best_has_container &&
             (preference(line) > preference(*best) ||
              (preference(line) == preference(*best) && depth(line.path) > depth(best->path))));
        if (better) {
            best = line;
            best_has_container = container;
        }
    }
    return best ? std::optional(std::string(best->path)) : std::nullopt;
}

std::uint64_t ns_per_tick() {
    static const long ticks_per_second = sysconf(_SC_CLK_TCK);
    return 1'000'000'000ULL /
           static_cast<std::uint64_t>(ticks_per_second > 0 ? ticks_per_second : 100);
}

std::uint64_t start_ticks_of(std::uint64_t start_boottime_ns) {
    return (start_boottime_ns + static_cast<std::uint64_t>(time_offsets().boottime_ns)) /
           ns_per_tick();
}

std::uint64_t start_boottime_ns_of(std::uint64_t start_ticks) {
    return start_ticks * ns_per_tick() - static_cast<std::uint64_t>(time_offsets().boottime_ns);
}

std::optional<std::uint64_t> parse_start_ticks(string_view text) {
    // The command is in parentheses and may contain any byte: only the last parenthesis ends it.
    const std::size_t end = text.rfind(')');
    if (end == string_view::npos || end + 2 > text.size())
        return std::nullopt;
    string_view rest = text.substr(end + 2);
    for (int field = 3; field < 22; ++field)
        cut(rest, ' ');
    const string_view digits = cut(rest, ' ');
    std::uint64_t ticks = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), ticks);
    if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size())
        return std::nullopt;
    return ticks;
}

} // namespace twtrace
