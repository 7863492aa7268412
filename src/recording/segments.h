// The files of a flight recorder's directory: twtrace-NUMBER-TIME.twr, the number rising.
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

/// Those of the directory, oldest first. Files of other names are left alone.
std::vector<Segment> segments_in(const std::string& directory);
std::string segment_path(const std::string& directory, std::uint64_t number, std::uint64_t wall_ns);

/// What a directory may hold.
struct SegmentLimits {
    std::uint64_t most_bytes = std::uint64_t{1} << 30U;
    std::uint64_t most_age_s = 0; ///< 0: no limit
};
/// Segments are this large at most: the bound is kept by removing the oldest.
std::uint64_t segment_bytes(const SegmentLimits& limits);

/// Makes the directory (0700) if it is not there, and locks it: one recorder a directory. Error: it
/// can't be made, another user may write to it, or another recorder has it.
Result<Fd> lock_directory(const std::string& directory);

/// Removes the oldest segments but the last, until the limits are kept and `room` bytes are left.
void remove_oldest(const std::string& directory, const SegmentLimits& limits, std::uint64_t room,
                   std::int64_t now_s);

} // namespace twtrace
