// A socket's network namespace, addresses and ports in one number.
#pragma once

#include <cstdint>

#include "model/event.h"

namespace twtrace {

/// seed: random if peers could choose ports so that keys collide.
std::uint64_t socket_key(const Event& socket, std::uint64_t seed);

} // namespace twtrace
