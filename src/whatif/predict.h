// What each remedy would change: pure functions over the connections of a span.
//
// The model replays the connections that were made as if each were one request. It can't know how
// many requests a connection carried, nor the peer's own limits; Remedy::caveat says which bound
// holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "account/net_settings.h"
#include "whatif/connection_log.h"

namespace twtrace::whatif {

/// What would be, or is today.
struct Effect {
    double closes_per_s = 0; ///< entries into TIME_WAIT on this side
    double ports = 0;        ///< held towards the destination in the long run: open + TIME_WAIT
    std::optional<double> port_share{}; ///< of the usable ones; none: not known, or a server
    std::optional<double> run_out_s{};  ///< from none held until all are; none: never
    std::uint64_t failed_connects = 0;  ///< in the span, as the ports then allow
    double handshakes_saved_per_s = 0;
};

struct Remedy {
    std::string id;    ///< stable: "pool", "keepalive-timeout", "tw-reuse", ...
    std::string title; ///< "a pool of 8 idle connections, 60 s"
    Effect effect;
    std::string caveat; ///< what could make it wrong; empty: nothing is known
    bool helps = true;  ///< false: it changes nothing here, and is named because people try it
    std::optional<Pool> pool{};
};

/// What a remedy brings, in connections a second: handshakes and closes that are saved, and those
/// that the ports it gives back allow.
double gain(const Effect& today, const Effect& then);

struct Prediction {
    FlowId flow;
    std::uint64_t closes = 0;
    Effect today;
    std::vector<Remedy> remedies; ///< the largest effect first; those without one last
};

struct Question {
    double seconds = 0; ///< the span
    /// Of the connections that were kept (ConnectionLog::kept_until_ns()); the same if all were.
    double kept_seconds = 0;
    std::optional<Pool> pool{}; ///< asked for: only this one instead of the best
};

/// settings: of the flow's network namespace; none: not known.
Prediction predict(const FlowId& id, const FlowLog& flow, const NetSettings* settings,
                   const Question& question);

} // namespace twtrace::whatif
