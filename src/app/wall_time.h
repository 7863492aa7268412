// Times as --begin, --end and --at accept them.
#pragma once

#include <cstdint>
#include <string>

#include "recording/recording.h"
#include "util/result.h"

namespace twtrace {

/// "-15m" (before the end of the recording; s, m, h, d), RFC 3339, or local time: "03:12",
/// "03:12:30", "2026-11-28 03:12". A time without a date is the last one in the recording. Empty:
/// 0. UTC, nanoseconds, below 2^63. A time outside the years 1970 to 2262 is a usage error.
Result<std::uint64_t> wall_time_in(const Recording& recording, const std::string& text);

/// "2026-11-28 03:12:30", local.
std::string local_date_time(std::uint64_t wall_ns);

} // namespace twtrace
