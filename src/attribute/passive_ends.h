// The processes that closed second. With `trace --all` their events precede the entry of the side
// that closed first, and name its remote end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/event.h"

namespace twtrace {

class PassiveEnds {
  public:
    /// Records a passive close with its owner; ignores other events.
    void note(const Event& event);
    /// Empty: not seen. Valid until the next note().
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
    struct Slot {
        Key key;
        std::uint32_t service = 0; // in names_, from 1
    };
    [[nodiscard]] static std::size_t slot_of(const Key& key);
    std::uint32_t number_of(const std::string& service);

    // A key has one slot, and the latest key overwrites it. An entry follows soon after the passive
    // close, so few slots are in use at a time. They take 0.8 MB, allocated with the first passive
    // close. A slot has a number instead of the name, so that note() only writes to it.
    static constexpr std::size_t slot_count = 16'384;
    static constexpr std::size_t max_names = 1000;
    std::vector<Slot> slots_;
    std::vector<const std::string*> names_; // keys of numbers_
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::uint32_t last_ = 0; // number of the last name
};

} // namespace twtrace
