// The input of the rules: what was seen, and the configuration of this host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "account/accounting.h"
#include "account/conntrack.h"
#include "account/net_settings.h"
#include "account/sockstat.h"
#include "aggregate/group.h"
#include "doctor/flow.h"
#include "doctor/thresholds.h"
#include "model/address.h"
#include "ports/port_use.h"

namespace twtrace::doctor {

struct NamespaceFacts {
    std::string name;  ///< the name as tables show it
    std::string enter; ///< prefix for a command that has to run there; empty: none needed
    std::optional<NetSettings> settings;  ///< none: CAP_SYS_ADMIN is missing
    std::optional<SockStat> counts;       ///< at the end
    std::optional<Conntrack> conntrack;   ///< at the end; none: not read
    std::uint64_t conntrack_failed = 0;   ///< failed insertions during the observation
    std::uint64_t conntrack_dropped = 0;  ///< dropped entries or packets, likewise
    std::uint64_t overflow_rise = 0;      ///< rise of TCPTimeWaitOverflow during the observation
    bool ports_counted = false;           ///< false: not counted
    std::vector<PortUse> ports;           ///< the first few, most used first
    std::uint64_t destinations = 0;       ///< all of them; `ports` has the first few
    std::vector<AddressPorts> addresses;  ///< the first few, most used first
    std::vector<std::uint16_t> listeners; ///< ports with a listener, in ascending order
    bool listeners_known = false;         ///< false: there may be others
};

/// Time-wait sockets that are older than the observation.
struct Leftovers {
    std::uint64_t sockets = 0;
    std::uint32_t last_ends_in_ms = 0;
    std::map<std::string, std::uint64_t> by_service; ///< of those seen by a tracer with --journal
};

struct Observations {
    double seconds = 0;
    /// Between the two counts of the ports; slightly longer than `seconds`.
    double between_counts_s = 0;
    Counts totals;
    Accounting accounting;
    std::vector<Flow> flows;  ///< clients by destination, servers by port
    std::vector<Flow> visits; ///< servers by port and client
    std::uint64_t beyond = 0; ///< events that did not fit in these
    std::map<std::uint32_t, NamespaceFacts> namespaces;
    std::optional<Leftovers> leftovers; ///< none: not read
    /// Distinct local ports that bind() had picked for connections whose close was seen, by
    /// namespace and local address.
    std::map<std::pair<std::uint32_t, Address>, std::uint32_t> bound_ports;

    [[nodiscard]] double rate(std::uint64_t times) const {
        return seconds > 0 ? static_cast<double>(times) / seconds : 0;
    }
    /// How many there are at once at this rate if each stays hold_s seconds. The rate of a very
    /// short observation is not extrapolated.
    [[nodiscard]] double held(std::uint64_t times, double hold_s) const {
        return seconds < threshold::min_observation_s ? static_cast<double>(times)
                                                      : rate(times) * hold_s;
    }
    /// Those of the local address with most of them.
    [[nodiscard]] std::uint32_t bound_ports_of(std::uint32_t netns) const {
        std::uint32_t most = 0;
        for (const auto& [key, ports] : bound_ports)
            most = key.first == netns ? std::max(most, ports) : most;
        return most;
    }
    [[nodiscard]] const NamespaceFacts* facts(std::uint32_t netns) const {
        const auto found = namespaces.find(netns);
        return found == namespaces.end() ? nullptr : &found->second;
    }
    [[nodiscard]] const NetSettings* settings(std::uint32_t netns) const {
        const NamespaceFacts* of = facts(netns);
        return of != nullptr && of->settings ? &*of->settings : nullptr;
    }
};

} // namespace twtrace::doctor
