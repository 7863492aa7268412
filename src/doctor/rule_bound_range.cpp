// bind() to an address and port 0 takes a port for all destinations together.
#include <algorithm>

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

Binders binders_in(const Observations& seen, std::uint32_t netns) {
    Binders all;
    for (const Flow& flow : seen.flows) {
        if (flow.netns != netns)
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
bool looks_bound(const NamespaceFacts& facts, double usable) {
    const bool one_destination =
        std::any_of(facts.ports.begin(), facts.ports.end(), [&](const PortUse& use) {
            return use.taken() >= threshold::ports_half * usable;
        });
    return !one_destination && facts.distinct_ports >= threshold::events &&
           facts.distinct_ports >= threshold::ports_burst * usable &&
           facts.port_sockets <= 1.02 * facts.distinct_ports;
}

// Every socket blocks a port for bind(), including those of connect().
void judge_namespace(const Observations& seen, std::uint32_t netns, const NamespaceFacts& facts,
                     Findings& findings) {
    const double usable = facts.settings ? facts.settings->usable_ports() : 0;
    const Binders binders = binders_in(seen, netns);
    const std::uint32_t bound_seen = seen.bound_ports_of(netns);
    const bool seen_to_bind = bound_seen >= threshold::events && binders.bound >= binders.chosen;
    if (usable <= 0 || binders.chosen > binders.bound ||
        !(seen_to_bind || looks_bound(facts, usable)))
        return;
    const std::uint32_t taken = std::max(facts.distinct_ports, bound_seen);
    const double share = std::min(1.0, taken / usable);
    const double forecast_share = seen.held(binders.bound, 60) / usable;
    const bool is_exhausted = share >= threshold::ports_burst;
    if (!is_exhausted && share < threshold::ports_half && forecast_share < threshold::ports_half)
        return;
    Finding finding;
    finding.id = "ports-running-out";
    finding.netns = netns;
    finding.severity = is_exhausted ? Severity::Critical : Severity::Warning;
    finding.weight = std::max(share, std::min(1.0, forecast_share));
    finding.title = fmt::format("bind() {} local ports{}",
                                taken >= usable ? "has taken all"
                                : is_exhausted  ? "has taken nearly all"
                                                : "is using up the",
                                where(seen, netns));
    finding.evidence.push_back(fmt::format(
        "{} of {} local ports ({}) are taken, over all {} destinations", grouped(taken),
        grouped(static_cast<std::uint64_t>(usable)), percent(share), grouped(facts.destinations)));
    if (binders.busiest != nullptr) {
        finding.service = binders.busiest->service;
        if (binders.busiest->pid != 0)
            finding.pid = binders.busiest->pid;
        finding.evidence.push_back(fmt::format(
            "{} closes {} with a port that bind() had picked, {} different ones in {:.1f} s",
            who(*binders.busiest), per_second(seen.rate(binders.bound)), grouped(bound_seen),
            seen.seconds));
    } else {
        finding.evidence.emplace_back(
            "connect() would have given some ports to several destinations");
    }
    finding.meaning = "A port that bind() picked is taken for all destinations. When the last one "
                      "is gone, bind() fails with EADDRINUSE, which leaves no event.";
    finding.fix = {"# before bind() of an address and port 0 (Linux 4.2):", "int one = 1;",
                   "setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);"};
    finding.numbers = {{"usable", usable}, {"taken", taken}, {"bound_seen", bound_seen}};
    findings.push_back(std::move(finding));
}

} // namespace

void judge_bound_range(const Observations& seen, Findings& findings) {
    for (const auto& [netns, facts] : seen.namespaces)
        judge_namespace(seen, netns, facts, findings);
}

} // namespace twtrace::doctor
