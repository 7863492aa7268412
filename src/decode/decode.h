// Bytes from the ring or from a recording -> Event. Trusts nothing but the length that it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/event.h"

namespace twtrace {

/// The record at the front of bytes; nothing if it is cut short, of an unknown type, or carries
/// values out of range. A longer record than this version knows is taken by its known front (a
/// newer writer adds fields at the end).
std::optional<Event> decode_event(std::span<const std::byte> bytes);

/// A cgroup that was made; nothing if the record is not about that. The path is valid as long as
/// bytes are.
struct CgroupMade {
    std::uint64_t id = 0;
    std::string_view path;
};
std::optional<CgroupMade> decode_cgroup(std::span<const std::byte> bytes);

/// The first event of a network namespace; nothing if the record is not about that.
std::optional<twtrace_netns> decode_netns(std::span<const std::byte> bytes);

} // namespace twtrace
