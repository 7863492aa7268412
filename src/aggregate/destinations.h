// How many of the ephemeral ports towards each peer are taken, and when they will run out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "aggregate/flows.h"
#include "ports/port_rules.h"

namespace twtrace {

struct Destination {
    FlowKey key;     ///< without a process: local address, remote address and port, namespace
    PortCount ports; ///< held by TIME_WAIT now
    /// Taken share of the usable ports, 0 to 1; none: the usable ports are not known.
    std::optional<double> use;
    double rate = 0;            ///< recent entries a second
    std::uint64_t no_port = 0;  ///< connects of the last 10 s that found none free
    bool range_used_up = false; ///< at least one of them failed because the whole range was taken
    /// The flow with most entries or failures; null: only older sockets.
    const Flow* main_flow = nullptr;
    double main_weight = 0;
    bool reused = false; ///< connect() takes TIME_WAITs over before the ports run out
    std::optional<double> used_up_in_s; ///< at the present rate; none: they will not run out
};

class Destinations {
  public:
    Destinations(const Flows& flows, const RulesByNetns& rules);

    /// Null: none of our ports is taken towards it.
    [[nodiscard]] const Destination* find(const FlowKey& flow) const;
    /// Those without a free port first, then those half used up and not reused, then by use.
    [[nodiscard]] std::vector<const Destination*> worst(std::size_t limit) const;
    /// The key that is common to all flows towards the same address and port.
    static FlowKey key_of(const FlowKey& flow);

  private:
    void add_flows(const Flows& flows);
    void count_ports(const Flows& flows, const RulesByNetns& rules);
    void forecast(const Flows& flows, const RulesByNetns& rules);

    std::unordered_map<FlowKey, Destination, FlowKeyHash> all_;
};

/// When a window of a minute that holds `entered` (by the second, newest first) is full if `rate` a
/// second are added; none: never.
std::optional<double> full_in_s(const std::array<double, 60>& entered, double rate,
                                double capacity);

} // namespace twtrace
