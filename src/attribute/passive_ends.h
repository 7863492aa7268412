// The processes that closed second: with `trace --all` their events come before the entry of the
// side that closed first, and name its other end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "attribute/lru_cache.h"
#include "model/event.h"

namespace twtrace {

class PassiveEnds {
  public:
    /// A passive close with its owner; others are passed over.
    void notice(const Event& event);
    /// Empty: not seen. Valid until the next notice().
    std::string_view find(const Event& event);

  private:
    /// Of the side that closes first. Loopback addresses belong to their network namespace.
    struct Key {
        Address local;
        Address remote;
        std::uint32_t netns = 0;
        std::uint16_t local_port = 0;
        std::uint16_t remote_port = 0;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };
    LruCache<Key, std::string, KeyHash> services_{capacity};
    static constexpr std::size_t capacity = 4096;
};

} // namespace twtrace
