// The processes that closed second. With `trace --all` their events precede the entry of the side
// that closed first, and name its remote end.
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
    /// Records a passive close with its owner; ignores other events.
    void notice(const Event& event);
    /// Empty: not seen. Valid until the next notice().
    std::string_view find(const Event& event);

  private:
    /// From the view of the side that closes first. Loopback addresses are distinct for each
    /// network namespace.
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

    // A key has one slot, and the latest key overwrites it. An entry follows soon after the passive
    // close, so few slots are in use at a time. 1.3 MB, allocated with the first passive close.
    static constexpr std::size_t places = 16'384;
    std::vector<Place> services_;
};

} // namespace twtrace
