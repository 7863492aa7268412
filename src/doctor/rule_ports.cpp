// Ephemeral ports towards one destination: gone, or going.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "doctor/destination.h"
#include "doctor/rules.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

Finding about(const Observations& seen, const Destination& to, std::string_view id) {
    Finding finding;
    finding.id = id;
    finding.netns = to.netns;
    finding.remote = to.use.remote;
    finding.service_port = to.use.port;
    if (to.maker != nullptr) {
        finding.service = to.maker->service;
        if (to.maker->pid != 0)
            finding.pid = to.maker->pid;
    }
    finding.evidence = port_evidence(to);
    finding.numbers = port_numbers(seen, to);
    return finding;
}

// Seconds until that share of the ports is taken, at the pace at which they went; none: never.
std::optional<double> time_left_s(const Observations& seen, const Destination& to, double share) {
    const double held = to.use.held();
    if (to.use.held() <= to.use.held_before || seen.counted_apart_s <= 0 || to.leads_to < share)
        return std::nullopt;
    const double rise = (held - to.use.held_before) / seen.counted_apart_s;
    return std::max(0.0, to.usable * share - held) / rise;
}

std::string outlook(const Observations& seen, const Destination& to) {
    std::string text = fmt::format("{} closes {} of them into TIME_WAIT",
                                   to.maker != nullptr ? who(*to.maker) : "nobody",
                                   per_second(seen.rate(to.time_wait)));
    const auto half = time_left_s(seen, to, threshold::ports_half);
    const auto all = time_left_s(seen, to, 1);
    if (half && *half > 0)
        text += fmt::format("; at this pace half are taken in {}", duration_text(*half));
    if (all && *all > 0)
        text += fmt::format("{} all in {}", half && *half > 0 ? "," : "; at this pace",
                            duration_text(*all));
    if (!half && !all && to.leads_to > to.share())
        text += fmt::format("; at this rate {} stay taken", percent(std::min(1.0, to.leads_to)));
    return text;
}

} // namespace

void judge_no_port(const Observations& seen, Findings& findings) {
    for (const Destination& to : destinations(seen)) {
        if (to.no_port == 0)
            continue;
        Finding finding = about(seen, to, "no-free-port");
        finding.severity = Severity::Critical;
        finding.weight = 1 + seen.rate(to.no_port);
        finding.title = fmt::format("connect() to {} fails: no local port is free{}",
                                    endpoint(to.use.remote, to.use.port), where(seen, to.netns));
        finding.evidence.insert(finding.evidence.begin(),
                                fmt::format("{}: {} connects failed with EADDRNOTAVAIL in {:.1f} s",
                                            who(*to.maker), grouped(to.no_port), seen.seconds));
        if (to.time_wait > 0)
            finding.evidence.push_back(outlook(seen, to));
        finding.meaning =
            "Requests to that destination fail now. A port that was closed first from this side "
            "stays taken for 60 s towards the same address and port.";
        finding.fix = port_fix(seen, to);
        finding.numbers.emplace_back("failed", static_cast<double>(to.no_port));
        findings.push_back(std::move(finding));
    }
}

namespace {

Finding burst(const Observations& seen, const Destination& to) {
    Finding finding = about(seen, to, "ports-running-out");
    finding.title = fmt::format("local ports to {} are still taken, but come free again{}",
                                endpoint(to.use.remote, to.use.port), where(seen, to.netns));
    finding.meaning = "They were used up within the last minute and next to nothing is added now. "
                      "The same burst again would fail.";
    finding.fix = {"# nothing now: the last of them come free within 60 s"};
    return finding;
}

Finding shortage(const Observations& seen, const Destination& to) {
    Finding finding = about(seen, to, "ports-running-out");
    const bool slow = to.share() >= threshold::ports_half;
    const auto half = time_left_s(seen, to, threshold::ports_half);
    const bool soon = half && *half <= threshold::soon_s;
    finding.severity = slow || soon ? Severity::Critical : Severity::Warning;
    finding.title =
        fmt::format("local ports to {} are {}{}", endpoint(to.use.remote, to.use.port),
                    slow ? "scarce: connect() is slow" : "running out", where(seen, to.netns));
    finding.evidence.push_back(outlook(seen, to));
    finding.meaning = fmt::format(
        "connect() tries one half of the range first. {}, it goes through all of that in vain: "
        "milliseconds of processor time for each new connection. When none is left it fails with "
        "EADDRNOTAVAIL. Other destinations are not affected.",
        slow ? "Now that as many are taken" : "Once as many are taken");
    finding.fix = port_fix(seen, to);
    return finding;
}

// Hardly a port is held twice although there are several destinations: bind() picked them.
bool bind_took_all(const NamespaceFacts& facts, double usable) {
    const bool one_destination =
        std::any_of(facts.ports.begin(), facts.ports.end(), [&](const PortUse& use) {
            return use.taken() >= threshold::ports_half * usable;
        });
    return !one_destination && facts.distinct_ports >= threshold::events &&
           facts.distinct_ports >= threshold::ports_burst * usable &&
           facts.port_sockets <= 1.02 * facts.distinct_ports;
}

void judge_bound_range(const Observations& seen, Findings& findings) {
    for (const auto& [netns, facts] : seen.namespaces) {
        const double usable = facts.settings ? facts.settings->usable_ports() : 0;
        if (usable <= 0 || !bind_took_all(facts, usable))
            continue;
        Finding finding;
        finding.id = "ports-running-out";
        finding.netns = netns;
        finding.severity = Severity::Critical;
        finding.weight = facts.distinct_ports / usable;
        finding.title =
            fmt::format("bind() has taken {} local ports{}",
                        facts.distinct_ports >= usable ? "all" : "nearly all", where(seen, netns));
        finding.evidence.push_back(fmt::format(
            "{} of {} local ports ({}) are taken over {} destinations together, hardly one of them "
            "twice",
            grouped(facts.distinct_ports), grouped(static_cast<std::uint64_t>(usable)),
            percent(finding.weight), grouped(facts.destinations)));
        finding.meaning =
            "A port that bind() picked is taken for all destinations. When the last one is gone "
            "bind() fails with EADDRINUSE, which leaves no event behind.";
        finding.fix = {"# before bind() of an address and port 0 (Linux 4.2):", "int one = 1;",
                       "setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);"};
        finding.numbers = {{"usable", usable}, {"taken", facts.distinct_ports}};
        findings.push_back(std::move(finding));
    }
}

} // namespace

void judge_ports(const Observations& seen, Findings& findings) {
    judge_bound_range(seen, findings);
    for (const Destination& to : destinations(seen)) {
        const bool told = to.no_port > 0; // by judge_no_port(), with all of this
        const bool short_of = to.is_short();
        const bool was_burst = !short_of && to.usable > 0 && to.share() >= threshold::ports_burst;
        if (told || (!short_of && !was_burst))
            continue;
        Finding finding = short_of ? shortage(seen, to) : burst(seen, to);
        finding.weight = std::max(to.share(), to.leads_to);
        findings.push_back(std::move(finding));
    }
}

void judge_reuse(const Observations& seen, Findings& findings) {
    std::vector<std::uint32_t> told; // a setting of the namespace: once is enough
    for (const Destination& to : destinations(seen)) {
        const NetSettings* settings = seen.settings(to.netns);
        const bool worse = to.no_port > 0 || to.is_short(); // others tell it
        if (settings == nullptr || worse || to.leads_to < threshold::reuse_helps ||
            to.time_wait < threshold::events ||
            reuse_applies(*settings, to.use.local, to.use.remote) ||
            std::find(told.begin(), told.end(), to.netns) != told.end())
            continue;
        told.push_back(to.netns);
        Finding finding = about(seen, to, "tw-reuse-off");
        finding.weight = to.leads_to;
        const auto mode = settings->tw_reuse;
        finding.title = fmt::format("tcp_tw_reuse{} is not in effect for a busy client{}",
                                    mode ? fmt::format("={}", *mode) : "", where(seen, to.netns));
        finding.evidence.push_back(outlook(seen, to));
        finding.meaning = fmt::format(
            "{} With 1, connect() takes over a TIME_WAIT of this side that is older than a second, "
            "if both sides use TCP timestamps (RFC 7323, PAWS). It changes nothing for connections "
            "that "
            "this host accepts.",
            mode == 2U ? "The default, 2, does that on loopback only."
                       : (settings->timestamps == 0U ? "It needs tcp_timestamps, which are off."
                                                     : "It is switched off."));
        if (settings->timestamps == 0U)
            finding.fix.push_back(sysctl_line(to.facts, "net.ipv4.tcp_timestamps=1"));
        finding.fix.push_back(sysctl_line(to.facts, "net.ipv4.tcp_tw_reuse=1"));
        findings.push_back(std::move(finding));
    }
}

} // namespace twtrace::doctor
