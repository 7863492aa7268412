// The processes that generate the load: pairs of a client and a server pinned to one core.
#pragma once

#include <atomic>
#include <cstdint>

#include "options.h"

namespace load {

/// In memory shared by all processes of a run; one cache line each, to avoid false sharing.
struct alignas(64) Counter {
    std::atomic<std::uint64_t> value{0};
};

struct Shared {
    std::atomic<std::uint32_t> ready{0};
    std::atomic<bool> go{false};
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> errors{0};
    Counter closed[64]; ///< by client worker
    Counter served[64]; ///< by server worker
};

struct Seat {
    std::uint32_t worker;
    int listener;         ///< listening socket of the pair's server
    std::uint16_t port;   ///< listening port
    std::uint64_t quota;  ///< connections to make; 0: until `stop`
    std::uint32_t relays; ///< successive processes that share the quota
};

/// Opens the listening socket of a pair; -1 and a message on failure.
int open_listener(std::uint16_t port);

[[noreturn]] void run_server(const Options& options, const Seat& seat, Shared& shared);
[[noreturn]] void run_client(const Options& options, const Seat& seat, Shared& shared);

} // namespace load
