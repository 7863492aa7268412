// Whole messages over a connected stream socket, with bounded waiting.
#pragma once

#include <cstddef>
#include <string_view>

namespace twtrace {

/// No bound.
inline constexpr int forever = -1;

/// Sends or receives all bytes. False: the other end has gone, or did nothing for `seconds`. Each
/// second is waited for separately, so that a process which was stopped itself does not count it.
bool send_all(int fd, std::string_view bytes, int seconds);
bool receive_all(int fd, void* to, std::size_t length, int seconds);

} // namespace twtrace
