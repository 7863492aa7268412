#include "app/replayed_facts.h"

#include <algorithm>

namespace twtrace {

void ReplayedFacts::compare(std::uint32_t netns, PortUse& use) const {
    const auto found = before_.find(netns);
    if (found == before_.end())
        return;
    const auto& ports = found->second.ports.ports;
    const auto same = std::find_if(ports.begin(), ports.end(), [&](const PortUse& other) {
        return other.local == use.local && other.remote == use.remote && other.port == use.port;
    });
    if (same == ports.end())
        return;
    use.held_before = same->held();
    use.taken_before = same->taken();
}

void ReplayedFacts::fill(doctor::Observations& seen) const {
    for (const auto& [inode, known] : replay_.netns()) {
        doctor::NamespaceFacts& facts = seen.namespaces[inode];
        const PortsRecord& ports = known.ports;
        facts.name = known.record.name;
        facts.enter = known.record.enter;
        facts.settings = known.record.settings;
        facts.counts = known.counts;
        facts.ports_counted = ports.counted;
        facts.ports = ports.ports;
        for (PortUse& use : facts.ports)
            compare(inode, use);
        facts.destinations = ports.destinations;
        facts.distinct_ports = ports.distinct_ports;
        facts.port_sockets = ports.port_sockets;
        facts.listeners = ports.listeners;
        const auto before = before_.find(inode);
        const std::uint64_t overflow = before == before_.end() ? 0 : before->second.ports.overflow;
        facts.overflow_rise = ports.overflow - std::min(ports.overflow, overflow);
        if (before != before_.end() && ports.at_ns > before->second.ports.at_ns)
            seen.counted_apart_s =
                std::max(seen.counted_apart_s,
                         static_cast<double>(ports.at_ns - before->second.ports.at_ns) / 1e9);
    }
}

} // namespace twtrace
