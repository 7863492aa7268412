// Loopback addresses, which refer to the network namespace itself.
#pragma once

#include "model/address.h"

namespace twtrace {

/// 127.0.0.0/8 or ::1.
[[nodiscard]] inline bool is_loopback(const Address& address) {
    if (address.family == 4)
        return address.bytes[0] == 127;
    constexpr std::array<std::uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return address.family == 6 && address.bytes == one;
}

} // namespace twtrace
