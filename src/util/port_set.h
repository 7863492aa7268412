// A set of TCP ports, one bit each, in the layout that the BPF side tests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace twtrace {

struct PortSet {
    std::array<std::uint8_t, 8192> bits{};
    bool any = false; ///< false: no filter

    void insert(std::uint16_t port) {
        bits[port >> 3U] = static_cast<std::uint8_t>(bits[port >> 3U] | 1U << (port & 7U));
        any = true;
    }
    void insert(const PortSet& others) {
        for (std::size_t index = 0; index < bits.size(); ++index)
            bits[index] = static_cast<std::uint8_t>(bits[index] | others.bits[index]);
        any = any || others.any;
    }
    [[nodiscard]] bool contains(std::uint16_t port) const {
        return (bits[port >> 3U] >> (port & 7U) & 1U) != 0;
    }
    bool operator==(const PortSet&) const = default;
};

} // namespace twtrace
