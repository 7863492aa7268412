// What one answer to a scraper is made from: a copy, so that nobody waits while it is written.
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
    std::vector<std::uint32_t> services; ///< ids; of a row that is gone: stands for "other"
};

/// From the loop's thread.
struct Observed {
    std::vector<std::pair<ServiceKey, ServiceTable::Row>> services;
    std::vector<ObservedPeer> peers;
    Losses losses;
};

/// Of one network namespace, by its name.
struct ObservedNamespace {
    std::optional<std::uint64_t> time_wait;
    std::optional<std::uint64_t> limit;
};

struct ObservedHost {
    std::map<std::string, ObservedNamespace> namespaces;
    RulesByNetns rules;
    std::uint32_t default_ports = 0; ///< where a namespace may not be entered: ours; 0: not known
    SelfUsage self;
    std::string kernel;
    double render_s = 0;
};

} // namespace twtrace
