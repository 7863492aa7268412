// The key that determines to which group an event belongs.
#pragma once

#include <cstdint>
#include <string>

#include "aggregate/grouping.h"
#include "model/address_hash.h"
#include "model/event.h"

namespace twtrace {

struct GroupKey {
    std::uint64_t number = 0;   ///< pid, port or namespace
    std::uint64_t instance = 0; ///< start time of the process: a reused pid is another process
    Address address;
    Role role = Role::Unknown;
    std::string name; ///< service or container

    auto operator<=>(const GroupKey&) const = default;
};

struct GroupKeyHash {
    std::size_t operator()(const GroupKey& key) const {
        std::size_t hash = mix(mix(static_cast<std::size_t>(key.role), key.number), key.instance);
        if (key.address.family != 0)
            hash = hash_of(key.address, hash);
        return key.name.empty() ? hash : mix(hash, std::hash<std::string>{}(key.name));
    }
};

/// Fills key (reusing its memory) for this event.
void make_key(GroupBy by, const Event& event, GroupKey& key);

} // namespace twtrace
