// The minisocks of a group: those that exist, and how the others ended.
#pragma once

#include <array>
#include <cstdint>

#include "aggregate/histogram.h"
#include "model/event.h"

namespace twtrace {

struct Ends {
    std::uint64_t present = 0;                          ///< entered while tracing
    std::uint64_t fin_wait2 = 0;                        ///< of present: in this substate
    std::uint64_t started = 0;                          ///< got the peer's FIN in FIN_WAIT2
    std::array<std::uint64_t, TWTRACE_REASONS> ended{}; ///< by enum Reason; None: not known
    Histogram connect_us; ///< from the entry until connect() takes the port over
    Histogram syn_us;     ///< until a SYN takes it over

    /// An event of a minisock that is held. `from`: the Ends in which it was counted as present.
    void add(const Event& event, Ends& from);
    void add(const Ends& ends);
    /// Carries over the minisocks that still exist.
    void carry(const Ends& before);
};

} // namespace twtrace
