// Options of the load generator. Every run is bounded in count and in time.
#pragma once

#include <cstdint>
#include <optional>

namespace load {

enum class Closer { Client, Server };

struct Options {
    std::uint64_t count = 0; ///< connections in total; 0: as many as fit into `seconds`
    double seconds = 5;      ///< upper bound of the run, after the warm-up
    double warmup_seconds = 0.3;
    std::uint64_t rate = 0; ///< total connections per second; 0: as fast as possible
    std::uint32_t peers = 1000;
    std::uint32_t sources = 0;   ///< client addresses; 0: as many as the ports require
    std::uint32_t processes = 0; ///< successive client processes; 0: one per worker
    std::uint32_t workers = 0;   ///< client/server pairs; 0: one per core
    std::uint32_t window = 1;    ///< open connections of a client before it closes the oldest
    std::uint32_t request_bytes = 0;
    Closer closer = Closer::Client;
    double hold_seconds = 0; ///< keep the namespace and its TIME_WAIT sockets for this time
};

/// Prints errors to stderr and returns nothing; also returns nothing for --help (with `help` set).
std::optional<Options> parse_options(int argc, char** argv, bool& help);

} // namespace load
