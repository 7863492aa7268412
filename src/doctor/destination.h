// The ports towards one (source, destination, destination port), for the rules about ports.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doctor/observations.h"
#include "doctor/port_counter.h"

namespace twtrace::doctor {

struct Destination {
    std::uint32_t netns = 0;
    const NamespaceFacts* facts = nullptr;
    PortUse use;
    std::uint32_t usable = 0;    ///< 0: the namespace's settings are not known
    bool counted = false;        ///< `use` was counted
    std::uint64_t time_wait = 0; ///< entries that were seen
    std::uint64_t fin_wait2 = 0; ///< of time_wait: began in FIN_WAIT2
    std::uint64_t no_port = 0;   ///< connects that failed
    /// The flow with most of them; null: no close or failure was seen.
    const Flow* busiest = nullptr;
    /// Connections there have no TCP timestamps: connect() never takes their TIME_WAIT over.
    bool no_timestamps = false;
    std::uint64_t without_timestamps = 0; ///< of time_wait
    double hold_s = 60;                   ///< how long a port stays taken on average
    double forecast_share = 0;            ///< share of the usable ports that the present rate fills

    /// There are still connects to it, or at least open connections.
    [[nodiscard]] bool in_use() const;
    /// Most of the ports that connect() cannot take are held in FIN_WAIT2, where tcp_tw_reuse has
    /// no effect.
    [[nodiscard]] bool mostly_fin_wait2() const { return 2 * use.fin_wait2 > use.held(); }
    /// Half of the ports are taken, or will be at this rate.
    [[nodiscard]] bool is_short() const;
    [[nodiscard]] double share() const {
        return usable > 0 ? static_cast<double>(use.held()) / usable : 0;
    }
};

/// Those whose ports were counted, or that have closes or failed connects.
std::vector<Destination> destinations(const Observations& seen);

/// "27,900 of 28,232 local ports (98.8 %) from 10.0.0.1 to 10.0.0.2:80 are taken: ...", and how
/// many of them connect() may take over.
std::vector<std::string> port_evidence(const Destination& to);
/// The same numbers, for scripts.
std::vector<std::pair<std::string_view, double>> port_numbers(const Observations& seen,
                                                              const Destination& to);
/// Immediate relief first. Without one, or if most connections are open, changes to the client.
std::vector<std::string> port_fix(const Observations& seen, const Destination& to);

} // namespace twtrace::doctor
