// The processes that closed second: with `trace --all` their events come before the entry of the
// side that closed first, and name its other end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
    struct Place {
        Key key;
        std::string service;
    };
    [[nodiscard]] static std::size_t place_of(const Key& key);

    // A key has one place, and the latest one takes it. An entry comes soon after the passive
    // close, so few wait at a time; 1.3 MB, once there is a passive close.
    static constexpr std::size_t places = 16'384;
    std::vector<Place> services_;
};

} // namespace twtrace
