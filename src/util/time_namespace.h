// The kernel side uses the host's clocks; in a time namespace (time_namespaces(7)) this process
// sees other ones, and other start times of processes in /proc.
#pragma once

#include <cstdint>
#include <string_view>

namespace twtrace {

/// The offsets that the time namespace adds to the host's clocks.
struct TimeOffsets {
    std::int64_t monotonic_ns = 0;
    std::int64_t boottime_ns = 0;
};

/// Parses /proc/PID/timens_offsets. Unknown text counts as 0.
TimeOffsets parse_time_offsets(std::string_view text);

/// The offsets of this process, read once; 0 if the kernel has no time namespaces.
const TimeOffsets& time_offsets();

/// False: the first process of a new time namespace is in another one than its future children, and
/// the file has the children's offsets.
bool knows_time_offsets();

} // namespace twtrace
