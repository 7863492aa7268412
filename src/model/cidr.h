// A range of addresses: 10.0.0.0/8, 2001:db8::/32.
#pragma once

#include <cstdint>

#include "model/address.h"

namespace twtrace {

struct Cidr {
    Address base;          ///< the bits after `bits` are zero
    std::uint8_t bits = 0; ///< 0 to 32, or 0 to 128

    /// False for an address of the other family.
    [[nodiscard]] bool contains(const Address& address) const {
        return address.family == base.family && masked(address, bits) == base;
    }

    /// The address with all bits after the first `bits` set to zero.
    static Address masked(Address address, std::uint8_t bits) {
        for (std::size_t index = 0; index < address.bytes.size(); ++index) {
            const int kept = static_cast<int>(bits) - static_cast<int>(index) * 8;
            if (kept <= 0)
                address.bytes[index] = 0;
            else if (kept < 8)
                address.bytes[index] =
                    static_cast<std::uint8_t>(address.bytes[index] & (0xff00U >> kept));
        }
        return address;
    }
};

} // namespace twtrace
