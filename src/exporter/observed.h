// The data for one answer to a scraper. A copy, so that no thread waits while it is written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/ports_held.h"
#include "exporter/losses.h"
#include "exporter/self_usage.h"
#include "exporter/service_table.h"

namespace twtrace {

struct ObservedPeer {
    HeldKey key;
    PortCount count;
    std::string service;                 ///< at the peer; empty: not on this host, or not known
    std::vector<std::uint32_t> services; ///< row ids; the id of a removed row stands for "other"
};

/// Copied from the counters of the loop's thread.
struct Observed {
    std::vector<std::pair<ServiceKey, ServiceTable::Row>> services;
    std::vector<ObservedPeer> peers;
    Losses losses;
};

/// One network namespace, by name.
struct ObservedNamespace {
    std::optional<std::uint64_t> time_wait;
    std::optional<std::uint64_t> limit;
};

struct ObservedHost {
    std::map<std::string, ObservedNamespace> namespaces;
    RulesByNetns rules; ///< default_port_rules() for the others
    SelfUsage self;
    std::string kernel;
    double render_s = 0;
};

} // namespace twtrace
