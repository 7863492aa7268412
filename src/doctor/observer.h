// Events -> flows. Memory is bounded: events that do not fit are only counted.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

#include "account/net_settings.h"
#include "doctor/observations.h"
#include "util/hash.h"
#include "util/port_set.h"

namespace twtrace::doctor {

struct ObserverLimits {
    std::size_t flows = 8192;
    std::size_t visits = 2048;      ///< health checks are frequent, so they are among the first
    std::size_t processes = 65'536; ///< distinct processes, over all flows
    std::size_t bound_sets = 256;   ///< of ports that bind() picked: 8 KiB each
};

class Observer {
  public:
    explicit Observer(ObserverLimits limits = {})
        : limits_(limits), processes_left_(limits.processes) {}

    void add(const Event& event) { add(event, 1); }
    /// times: events that were counted in the kernel because the ring was full.
    void add(const Event& event, std::uint64_t times);

    [[nodiscard]] const Counts& totals() const { return totals_; }
    /// Moves the flows to `into`.
    void finish(Observations& into);

  private:
    struct Key {
        std::uint32_t netns;
        Role role;
        std::uint16_t port;
        Address local;
        Address remote;
        std::string service;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };
    using Flows = std::unordered_map<Key, Flow, KeyHash>;

    Flow* find(Flows& flows, std::size_t limit, const Event& event, bool by_remote);

    void note_bound_port(const Event& event);

    ObserverLimits limits_;
    Counts totals_;
    Flows flows_;
    Flows visits_;
    std::map<std::pair<std::uint32_t, Address>, PortSet> bound_; // by namespace, local address
    std::uint64_t beyond_ = 0;
    std::size_t processes_left_;
};

} // namespace twtrace::doctor
