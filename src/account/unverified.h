// Entries into TIME_WAIT that could not be compared with a counter of the kernel.
#pragma once

#include <cstdint>

namespace twtrace {

/// Why the counters of a namespace could not be opened.
enum class Unreadable {
    Ended,        ///< the namespace is gone, or was not found before its first entries
    NotAllowed,   ///< a capability is missing
    NoDescriptor, ///< RLIMIT_NOFILE, or the system's limit, is reached
};

/// Entries in network namespaces whose counters could not be read, by the reason.
struct Unverified {
    std::uint64_t ended = 0;
    std::uint64_t not_allowed = 0;
    std::uint64_t no_descriptor = 0;
    std::uint64_t after_last_sample = 0; ///< of a recording that was cut off

    void add(Unreadable why, std::uint64_t events);
    [[nodiscard]] std::uint64_t all() const {
        return ended + not_allowed + no_descriptor + after_last_sample;
    }
};

} // namespace twtrace
