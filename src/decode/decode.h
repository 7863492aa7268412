// Bytes from the ring or from a recording -> Event. Trusts nothing but the length that it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "model/event.h"

namespace twtrace {

/// The record at the front of bytes; nothing if it is cut short, of an unknown type, or carries
/// values out of range. A longer record than this version knows is taken by its known front (a
/// newer writer adds fields at the end).
std::optional<Event> decode_event(std::span<const std::byte> bytes);

} // namespace twtrace
