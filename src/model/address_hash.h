// Addresses in keys of hash tables.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/address.h"
#include "util/hash.h"

namespace twtrace {

/// seed: the hash of the other parts of the key.
inline std::size_t hash_of(const Address& address, std::uint64_t seed) {
    const auto [first, second] = address.halves();
    return mix(mix(mix(address.family, seed), first), second);
}

struct AddressHash {
    std::size_t operator()(const Address& address) const { return hash_of(address, 0); }
};

} // namespace twtrace
