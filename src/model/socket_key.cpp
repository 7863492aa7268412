#include "model/socket_key.h"

#include <array>
#include <cstring>

namespace twtrace {

namespace {

// The finaliser of splitmix64: every bit of the input reaches every bit of the output.
std::uint64_t scramble(std::uint64_t seed, std::uint64_t value) {
    std::uint64_t mixed = seed + 0x9E3779B97F4A7C15ULL + value;
    mixed = (mixed ^ mixed >> 30U) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ mixed >> 27U) * 0x94D049BB133111EBULL;
    return mixed ^ mixed >> 31U;
}

// Odd factors, one per part of a key, so that exchanged parts give another key.
constexpr std::array<std::uint64_t, 4> of_halves{0xBF58476D1CE4E5B9ULL, 0x94D049BB133111EBULL,
                                                 0xD6E8FEB86659FD93ULL, 0xA0761D6478BD642FULL};
constexpr std::uint64_t of_place = 0xE7037ED1A0B428DBULL;
constexpr std::uint64_t of_family = 0x8EBC6AF09C88C6E3ULL;

} // namespace

// The parts are computed independently, for speed: this runs once per event.
std::uint64_t socket_key(const Event& socket, std::uint64_t seed) {
    std::array<std::uint64_t, 4> halves{};
    std::memcpy(&halves[0], socket.local.bytes.data(), 16);
    std::memcpy(&halves[2], socket.remote.bytes.data(), 16);
    const std::uint64_t place = std::uint64_t{socket.netns} << 32U |
                                std::uint64_t{socket.local_port} << 16U | socket.remote_port;
    std::uint64_t key = scramble(seed * of_place, place + socket.local.family * of_family);
    for (std::size_t index = 0; index < halves.size(); ++index)
        key ^= scramble(seed * of_halves[index], halves[index]);
    return key;
}

} // namespace twtrace
