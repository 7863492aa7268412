#include "recording/segments.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "util/text.h"

namespace twtrace {

namespace {

constexpr std::string_view prefix = "twtrace-";
constexpr std::string_view suffix = ".twr";
constexpr std::size_t digits = 8;
constexpr std::uint64_t largest_segment = 64U << 20U;
constexpr std::uint64_t smallest_segment = 64U << 10U;
constexpr std::uint64_t segments_kept = 16;

bool parse_name(std::string_view name, std::uint64_t& number) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix))
        return false;
    name.remove_prefix(prefix.size());
    const auto end = name.find('-');
    if (end == std::string_view::npos || end < digits)
        return false;
    const auto parsed = std::from_chars(name.data(), name.data() + end, number);
    return parsed.ec == std::errc() && parsed.ptr == name.data() + end;
}

} // namespace

std::vector<Segment> segments_in(const std::string& directory) {
    std::vector<Segment> segments;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
        Segment segment;
        struct stat status {};
        segment.path = entry.path().string();
        if (!parse_name(entry.path().filename().string(), segment.number) ||
            lstat(segment.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        segment.bytes = static_cast<std::uint64_t>(status.st_size);
        segment.modified_s = status.st_mtime;
        segments.push_back(std::move(segment));
    }
    std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
        return a.number != b.number ? a.number < b.number : a.path < b.path;
    });
    return segments;
}

std::string segment_path(const std::string& directory, std::uint64_t number,
                         std::uint64_t wall_ns) {
    const auto seconds = static_cast<std::time_t>(wall_ns / 1'000'000'000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{}/{}{:08}-{:04}{:02}{:02}T{:02}{:02}{:02}Z{}", directory, prefix, number,
                       utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                       utc.tm_sec, suffix);
}

std::uint64_t segment_bytes(const SegmentLimits& limits) {
    return std::clamp(limits.max_bytes / segments_kept, smallest_segment, largest_segment);
}

Result<Fd> lock_directory(const std::string& directory) {
    const auto failed = [&](const char* why) {
        return fail(fmt::format("cannot record into {}: {}", printable(directory), why));
    };
    if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
        return failed(std::strerror(errno));
    Fd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) != 0)
        return failed(std::strerror(errno));
    if ((status.st_mode & 0022U) != 0)
        return failed("other users may write to it; use a separate directory with mode 0700");
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        return failed("another recorder is writing there; give each its own directory");
    return fd;
}

void remove_oldest(const std::string& directory, const SegmentLimits& limits,
                   std::uint64_t needed_bytes, std::int64_t now_s) {
    const std::vector<Segment> segments = segments_in(directory);
    std::uint64_t total = needed_bytes;
    for (const Segment& segment : segments)
        total += segment.bytes;
    for (std::size_t index = 0; index + 1 < segments.size(); ++index) {
        const Segment& oldest = segments[index];
        const bool too_old =
            limits.max_age_s > 0 &&
            oldest.modified_s + static_cast<std::int64_t>(limits.max_age_s) < now_s;
        if (total <= limits.max_bytes && !too_old)
            break;
        if (unlink(oldest.path.c_str()) == 0)
            total -= std::min(total, oldest.bytes);
    }
}

} // namespace twtrace
