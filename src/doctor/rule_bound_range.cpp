// bind() to an address and port 0 takes a port for all destinations together.
#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "doctor/rules.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

struct Binders {
    std::uint64_t bound = 0;  // closes that were seen with a port that bind() picked
    std::uint64_t chosen = 0; // with a port that the program chose
    const Flow* busiest = nullptr;
};

// The ports of one local address: bind() to another address may give the same ones again.
struct LocalUse {
    AddressPorts held;
    std::uint32_t bound_seen = 0; // ports of `binders`
    Binders binders;
    double taken = 0;
    double share = 0;
    double forecast_share = 0;

    [[nodiscard]] double rank() const { return std::max(share, std::min(1.0, forecast_share)); }
    [[nodiscard]] bool is_exhausted() const { return share >= threshold::ports_burst; }
    [[nodiscard]] bool is_short() const {
        return share >= threshold::ports_half || forecast_share >= threshold::ports_half;
    }
};

Binders binders_of(const Observations& seen, std::uint32_t netns, const Address& local) {
    Binders all;
    for (const Flow& flow : seen.flows) {
        if (flow.netns != netns || flow.local != local)
            continue;
        all.bound += flow.bound;
        all.chosen += flow.chosen;
        if (flow.bound > 0 && (all.busiest == nullptr || flow.bound > all.busiest->bound))
            all.busiest = &flow;
    }
    return all;
}

// Almost no port is held twice although there are several destinations: connect() would give one
// port to several.
bool looks_bound(const NamespaceFacts& facts, const AddressPorts& held, double usable) {
    const bool one_destination =
        std::any_of(facts.ports.begin(), facts.ports.end(), [&](const PortUse& use) {
            return use.local == held.local && use.taken() >= threshold::ports_half * usable;
        });
    return !one_destination && held.distinct >= threshold::events &&
           held.distinct >= threshold::ports_burst * usable && held.sockets <= 1.02 * held.distinct;
}

// Old recordings count all addresses together, which is the same if there is only one.
AddressPorts with_address(AddressPorts held, const NamespaceFacts& facts) {
    const bool one_address =
        std::all_of(facts.ports.begin(), facts.ports.end(),
                    [&](const PortUse& use) { return use.local == facts.ports.front().local; });
    if (held.local.family == 0)
        held = one_address && !facts.ports.empty()
                   ? AddressPorts{facts.ports.front().local, held.distinct, held.sockets}
                   : AddressPorts{};
    return held;
}

std::vector<LocalUse> local_uses(const Observations& seen, std::uint32_t netns,
                                 const NamespaceFacts& facts) {
    std::map<Address, LocalUse> all;
    for (const AddressPorts& counted : facts.addresses)
        if (const AddressPorts held = with_address(counted, facts); held.local.family != 0)
            all[held.local].held = held;
    for (const auto& [key, ports] : seen.bound_ports)
        if (key.first == netns) {
            all[key.second].held.local = key.second;
            all[key.second].bound_seen = ports;
        }
    std::vector<LocalUse> uses;
    for (auto& [local, use] : all) {
        use.binders = binders_of(seen, netns, local);
        uses.push_back(use);
    }
    return uses;
}

// The address with the highest use of those whose ports bind() took; none: none is short of ports.
std::optional<LocalUse> worst(const Observations& seen, std::uint32_t netns,
                              const NamespaceFacts& facts, double usable) {
    std::optional<LocalUse> most;
    for (LocalUse& use : local_uses(seen, netns, facts)) {
        const Binders& binders = use.binders;
        // Every socket blocks a port for bind(), including those of connect().
        use.taken = std::max(use.held.distinct, use.bound_seen);
        use.share = std::min(1.0, use.taken / usable);
        use.forecast_share = seen.held(binders.bound, 60) / usable;
        const double by_bind =
            std::max<double>(use.bound_seen, seen.held(binders.bound, 60)); // the rest: connect()
        const bool seen_to_bind = use.bound_seen >= threshold::events && 2 * by_bind >= use.taken;
        if (binders.chosen > binders.bound || !use.is_short() ||
            !(seen_to_bind || looks_bound(facts, use.held, usable)))
            continue;
        if (!most || use.rank() > most->rank())
            most = use;
    }
    return most;
}

void judge_namespace(const Observations& seen, std::uint32_t netns, const NamespaceFacts& facts,
                     Findings& findings) {
    const double usable = facts.settings ? facts.settings->usable_ports() : 0;
    const auto use = usable > 0 ? worst(seen, netns, facts, usable) : std::nullopt;
    if (!use)
        return;
    const Binders& binders = use->binders;
    Finding finding;
    finding.id = "ports-running-out";
    finding.netns = netns;
    finding.severity = use->is_exhausted() ? Severity::Critical : Severity::Warning;
    finding.weight = use->rank();
    finding.title = fmt::format("bind() {} local ports{}",
                                use->taken >= usable  ? "has taken all"
                                : use->is_exhausted() ? "has taken nearly all"
                                                      : "is using up the",
                                where(seen, netns));
    finding.evidence.push_back(
        fmt::format("{} of {} local ports ({}) of {} are taken, over all destinations",
                    grouped(static_cast<std::uint64_t>(use->taken)),
                    grouped(static_cast<std::uint64_t>(usable)), percent(use->share),
                    to_string(use->held.local)));
    if (binders.busiest != nullptr) {
        finding.service = binders.busiest->service;
        if (binders.busiest->pid != 0)
            finding.pid = binders.busiest->pid;
        finding.evidence.push_back(fmt::format(
            "{} closes {} with a port that bind() had picked, {} different ones in {:.1f} s",
            who(*binders.busiest), per_second(seen.rate(binders.bound)), grouped(use->bound_seen),
            seen.seconds));
    } else {
        finding.evidence.emplace_back(
            "connect() would have given some ports to several destinations");
    }
    finding.meaning =
        "A port that bind() picked is taken for all destinations of that local "
        "address. When the last one is gone, bind() fails with EADDRINUSE, which leaves no event.";
    finding.fix = {"# before bind() of an address and port 0 (Linux 4.2):", "int one = 1;",
                   "setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);"};
    finding.numbers = {{"usable", usable}, {"taken", use->taken}, {"bound_seen", use->bound_seen}};
    findings.push_back(std::move(finding));
}

} // namespace

void judge_bound_range(const Observations& seen, Findings& findings) {
    for (const auto& [netns, facts] : seen.namespaces)
        judge_namespace(seen, netns, facts, findings);
}

} // namespace twtrace::doctor
