// The kernel side's clocks are the host's; in a time namespace (time_namespaces(7)) this process
// is shown others, and other start times of processes in /proc.
#pragma once

#include <cstdint>
#include <string_view>

namespace twtrace {

/// What the time namespace adds to the host's clocks.
struct TimeOffsets {
    std::int64_t monotonic_ns = 0;
    std::int64_t boottime_ns = 0;
};

/// Text of /proc/PID/timens_offsets. What is not understood counts as 0.
TimeOffsets parse_time_offsets(std::string_view text);

/// Of this process, read once; 0 where the kernel has no time namespaces.
const TimeOffsets& time_offsets();

/// False: only the first process of a new time namespace is in another one than its children will
/// be, and the file tells the offsets of these.
bool knows_time_offsets();

} // namespace twtrace
