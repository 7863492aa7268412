// The files of a flight recorder's directory: twtrace-NUMBER-TIME.twr, with ascending numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

struct Segment {
    std::string path;
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    std::int64_t modified_s = 0; ///< since 1970
};

/// The segments of the directory, oldest first. Files with other names are ignored.
std::vector<Segment> segments_in(const std::string& directory);
std::string segment_path(const std::string& directory, std::uint64_t number, std::uint64_t wall_ns);

/// Limits of a directory.
struct SegmentLimits {
    std::uint64_t max_bytes = std::uint64_t{1} << 30U;
    std::uint64_t max_age_s = 0; ///< 0: no limit
};
/// Maximum size of a segment: the oldest segments are removed to keep the bound.
std::uint64_t segment_bytes(const SegmentLimits& limits);

/// Creates the directory (0700) if it does not exist, and locks it: one recorder per directory.
/// Error: it can't be created, another user may write to it, or another recorder has it.
Result<Fd> lock_directory(const std::string& directory);

/// Removes the oldest segments, except the last, until the limits are kept and needed_bytes are
/// free.
void remove_oldest(const std::string& directory, const SegmentLimits& limits,
                   std::uint64_t needed_bytes, std::int64_t now_s);

} // namespace twtrace
