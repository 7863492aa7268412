// The promise: captured + lost + missed == what the kernel counted, or by how much not, and why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "account/unverified.h"

namespace twtrace {

/// All of it in hand-overs to TIME_WAIT.
struct Accounting {
    std::uint64_t captured = 0; ///< reported, or left out by a filter
    std::uint64_t filtered = 0; ///< of captured: left out by a filter
    /// Found no room in the ring, or on the disk of a recording: counted, their detail is gone.
    std::uint64_t lost = 0;
    std::uint64_t missed = 0; ///< skipped by the kernel (recursion) and not recovered
    /// Of captured: in network namespaces whose counters could not be read.
    std::uint64_t unverified = 0;
    /// Entries whose closer is not known: it closed before tracing began, or is among untracked.
    std::uint64_t without_closer = 0;
    std::uint64_t untracked = 0; ///< sockets whose opening or closer could not be kept
    std::optional<std::uint64_t>
        kernel;                   ///< rise of the kernel's own counters; none: could not be read
    std::int64_t unaccounted = 0; ///< kernel - (captured - unverified + lost + missed)
    bool exact = false;
    std::vector<std::string> reasons; ///< why it is not exact, most likely first

    struct Inputs {
        std::uint64_t captured = 0;
        std::uint64_t filtered = 0;
        std::uint64_t lost = 0;
        std::uint64_t recursion_misses = 0; ///< of the classifying program, any transition
        std::uint64_t caught = 0;           ///< of them, recovered by the catcher
        std::uint64_t overflow = 0;         ///< rise of TCPTimeWaitOverflow
        std::uint64_t unwritten = 0;        ///< of captured: a recording lacks their details
        Unverified unverified;
        std::uint64_t without_closer = 0;
        std::uint64_t untracked = 0;
        bool counted_at_end = false; ///< the kernel counts an entry when it ends (5.10)
        std::uint64_t ambiguous = 0; ///< events at the very moment of start or end
        std::optional<std::uint64_t> kernel;
        bool between = false; ///< it begins or ends while the run goes on: see since()

        /// What came after `earlier`. The counters are read one after the other while events go
        /// on, so at such a boundary events of microseconds may fall on either side.
        [[nodiscard]] Inputs since(const Inputs& earlier) const;
        /// Of this run and of one after it.
        [[nodiscard]] Inputs plus(const Inputs& later) const;
    };
    static Accounting of(const Inputs& inputs);
};

} // namespace twtrace
