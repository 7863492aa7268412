// Compares captured + lost + missed with the kernel's own count, and explains any difference.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "account/unverified.h"

namespace twtrace {

/// All counts are entries into TIME_WAIT.
struct Accounting {
    std::uint64_t captured = 0; ///< reported, or left out by a filter
    std::uint64_t filtered = 0; ///< of captured: left out by a filter
    /// Dropped because the ring or the disk of a recording was full: counted without details.
    std::uint64_t lost = 0;
    std::uint64_t missed = 0; ///< skipped by the kernel (recursion) and not recovered
    /// Of captured and lost: in network namespaces whose counters could not be read.
    std::uint64_t unverified = 0;
    /// Entries without a known closer: it closed before tracing began, or is among untracked.
    std::uint64_t without_closer = 0;
    std::uint64_t untracked = 0; ///< sockets whose opening or closer could not be kept
    std::optional<std::uint64_t>
        kernel;                   ///< rise of the kernel's own counters; none: could not be read
    std::int64_t unaccounted = 0; ///< kernel - (captured + lost + missed - unverified)
    bool exact = false;
    std::vector<std::string> reasons; ///< why it is not exact, most likely first

    struct Inputs {
        std::uint64_t captured = 0;
        std::uint64_t filtered = 0;
        std::uint64_t lost = 0;
        std::uint64_t recursion_misses = 0; ///< of the classifying program, any transition
        std::uint64_t caught = 0;           ///< of them, recovered by the catcher
        std::uint64_t overflow = 0;         ///< rise of TCPTimeWaitOverflow
        std::uint64_t unwritten = 0;        ///< of captured: not in the recording
        Unverified unverified;
        std::uint64_t without_closer = 0;
        std::uint64_t untracked = 0;
        bool counted_at_end = false; ///< the kernel counts an entry when it ends (5.10)
        std::uint64_t ambiguous = 0; ///< events that may fall on either side of start or end
        std::optional<std::uint64_t> kernel;
        bool between = false; ///< of a part of a run: see since()

        /// The difference to `earlier`. The counters are read one after the other while events
        /// continue, so at such a boundary events within microseconds may fall on either side.
        [[nodiscard]] Inputs since(const Inputs& earlier) const;
        /// The sum of this run and a later one.
        [[nodiscard]] Inputs plus(const Inputs& later) const;
    };
    static Accounting of(const Inputs& inputs);
};

} // namespace twtrace
