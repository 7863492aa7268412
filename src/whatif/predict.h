// Predicts the effect of each remedy: pure functions over the connections of a span.
//
// The model replays the recorded connections as if each were one request. It does not know how many
// requests a connection carried, nor the peer's own limits; Remedy::caveat names the bound.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "account/net_settings.h"
#include "whatif/connection_log.h"

namespace twtrace::whatif {

/// Predicted or present values.
struct Effect {
    double closes_per_s = 0; ///< entries into TIME_WAIT on this side
    double ports = 0;        ///< taken and not reusable if the rate lasts: open + TIME_WAIT
    std::optional<double> port_share{}; ///< share of the usable ports; none: not known, or a server
    std::optional<double> run_out_s{};  ///< time until all ports are held, from none; none: never
    std::uint64_t failed_connects = 0;  ///< in the span, with the predicted ports
    double handshakes_saved_per_s = 0;
};

struct Remedy {
    std::string id;    ///< stable: "pool", "keepalive-timeout", "tw-reuse", ...
    std::string title; ///< "a pool of 8 idle connections, 60 s"
    Effect effect;
    std::string caveat; ///< possible reason why it is wrong; empty: none known
    bool helps = true;  ///< false: no effect here, listed because users try it
    std::optional<Pool> pool{};
};

/// The gain of a remedy, in connections per second: handshakes and closes that are saved, and those
/// that the freed ports allow.
double gain(const Effect& today, const Effect& then);

struct Prediction {
    FlowId flow;
    std::string remote_service; ///< as in FlowLog
    std::uint64_t closes = 0;
    Effect today;
    std::vector<Remedy> remedies; ///< largest effect first; those without effect last
};

struct Question {
    double seconds = 0; ///< the span
    /// Span of the kept connections (ConnectionLog::kept_until_ns()); equal to seconds if all were
    /// kept.
    double kept_seconds = 0;
    std::optional<Pool> pool{}; ///< requested pool: only this one instead of the best
};

/// settings: of the flow's network namespace; null: not known.
Prediction predict(const FlowId& id, const FlowLog& flow, const NetSettings* settings,
                   const Question& question);

} // namespace twtrace::whatif
