// Decodes bytes from the ring or from a recording to an Event. Trusts only the given length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/event.h"

namespace twtrace {

/// The record at the front of bytes; none if it is cut short, of an unknown type, or has values out
/// of range. Of a record longer than this version knows, only the known front is read (a newer
/// writer adds fields at the end).
std::optional<Event> decode_event(std::span<const std::byte> bytes);

/// A new cgroup; none if the record is of another type. The path is valid as long as bytes are.
struct CreatedCgroup {
    std::uint64_t id = 0;
    std::string_view path;
};
std::optional<CreatedCgroup> decode_cgroup(std::span<const std::byte> bytes);

/// The first event of a network namespace; none if the record is of another type.
std::optional<twtrace_netns> decode_netns(std::span<const std::byte> bytes);

} // namespace twtrace
