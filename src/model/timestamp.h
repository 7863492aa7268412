// Text of a time in nanoseconds since 1970.
#pragma once

#include <cstdint>
#include <string>

namespace twtrace {

/// RFC 3339 in UTC with nine digits of a second: 2026-11-22T09:00:00.123456789Z. Writes 30 bytes,
/// returns their end.
char* format_rfc3339(std::uint64_t wall_ns, char* out);
void append_rfc3339(std::string& out, std::uint64_t wall_ns);

/// HH:MM:SS in the local time zone. Writes 8 bytes, returns their end.
char* format_local_time(std::uint64_t wall_ns, char* out);
void append_local_time(std::string& out, std::uint64_t wall_ns);

/// The present difference between UTC and CLOCK_MONOTONIC, in nanoseconds.
std::int64_t wall_minus_monotonic_ns();

std::uint64_t monotonic_now_ns();

} // namespace twtrace
