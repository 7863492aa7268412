#include "app/replayed_facts.h"

#include <algorithm>

#include "util/counter.h"

namespace twtrace {

const Replay::Netns* ReplayedFacts::before(std::uint32_t netns) const {
    const auto found = replay_.netns_at_begin().find(netns);
    return found == replay_.netns_at_begin().end() ? nullptr : &found->second;
}

void ReplayedFacts::compare(std::uint32_t netns, PortUse& use) const {
    const Replay::Netns* then = before(netns);
    if (then == nullptr)
        return;
    const auto& ports = then->ports.ports;
    const auto same = std::find_if(ports.begin(), ports.end(), [&](const PortUse& other) {
        return other.local == use.local && other.remote == use.remote && other.port == use.port;
    });
    if (same == ports.end())
        return;
    use.held_before = same->held();
    use.taken_before = same->taken();
}

void ReplayedFacts::fill(doctor::Observations& seen) const {
    static const Replay::Netns nothing;
    for (const auto& [inode, known] : replay_.netns()) {
        doctor::NamespaceFacts& facts = seen.namespaces[inode];
        const PortsRecord& ports = known.ports;
        const Replay::Netns* at_begin = before(inode);
        const Replay::Netns& then = at_begin != nullptr ? *at_begin : nothing;
        facts.name = known.record.name;
        facts.enter = known.record.enter;
        facts.settings = known.record.settings;
        facts.counts = known.counts;
        facts.ports_counted = ports.counted;
        facts.ports = ports.ports;
        for (PortUse& use : facts.ports)
            compare(inode, use);
        facts.destinations = ports.destinations;
        facts.addresses = ports.addresses;
        facts.listeners = ports.listeners;
        facts.listeners_known = ports.listeners_known;
        facts.overflow_rise = rise(ports.overflow, then.ports.overflow);
        facts.conntrack = known.conntrack;
        if (then.conntrack && known.conntrack) {
            facts.conntrack_failed =
                rise(known.conntrack->insert_failed, then.conntrack->insert_failed);
            facts.conntrack_dropped = rise(known.conntrack->dropped, then.conntrack->dropped);
        }
        if (then.ports.at_ns != 0 && ports.at_ns > then.ports.at_ns)
            seen.between_counts_s = std::max(
                seen.between_counts_s, static_cast<double>(ports.at_ns - then.ports.at_ns) / 1e9);
    }
}

} // namespace twtrace
