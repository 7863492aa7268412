// Ephemeral ports towards one destination that are used up, or will be.
#include <algorithm>

#include <fmt/format.h>

#include "doctor/port_finding.h"
#include "doctor/rules.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

// The address, with the service there if it is known.
std::string name_of(const Destination& to) {
    const bool known = to.busiest != nullptr && to.busiest->remote == to.use.remote &&
                       to.busiest->port == to.use.port;
    return known ? other_end(*to.busiest) : endpoint(to.use.remote, to.use.port);
}

} // namespace

void judge_no_port(const Observations& seen, Findings& findings) {
    for (const Destination& to : destinations(seen)) {
        if (to.no_port == 0)
            continue;
        Finding finding = about(seen, to, "no-free-port");
        finding.severity = Severity::Critical;
        finding.weight = 1 + seen.rate(to.no_port);
        finding.title = fmt::format("connect() to {} fails: no local port is free{}", name_of(to),
                                    where(seen, to.netns));
        finding.evidence.insert(finding.evidence.begin(),
                                fmt::format("{}: {} connects failed with EADDRNOTAVAIL in {:.1f} s",
                                            who(*to.busiest), grouped(to.no_port), seen.seconds));
        if (to.time_wait > 0)
            finding.evidence.push_back(outlook(seen, to));
        finding.meaning =
            "Requests to that destination fail now. The port of a connection that this side closed "
            "first stays taken for 60 s towards the same address and port.";
        finding.fix = port_fix(seen, to);
        finding.numbers.emplace_back("failed", static_cast<double>(to.no_port));
        findings.push_back(std::move(finding));
    }
}

namespace {

Finding burst(const Observations& seen, const Destination& to) {
    Finding finding = about(seen, to, "ports-running-out");
    finding.title = fmt::format("local ports to {} are still taken, but become free again{}",
                                name_of(to), where(seen, to.netns));
    finding.meaning = "They were used up within the last minute, and hardly any are taken now. "
                      "The same burst again would fail.";
    finding.fix = {"# nothing now: the last of them become free within 60 s"};
    return finding;
}

Finding shortage(const Observations& seen, const Destination& to) {
    Finding finding = about(seen, to, "ports-running-out");
    const bool slow = to.share() >= threshold::ports_half;
    const auto half = time_left_s(seen, to, threshold::ports_half);
    const bool soon = half && *half <= threshold::soon_s;
    finding.severity = slow || soon ? Severity::Critical : Severity::Warning;
    finding.title =
        fmt::format("local ports to {} are {}{}", name_of(to),
                    slow ? "scarce: connect() is slow" : "running out", where(seen, to.netns));
    finding.evidence.push_back(outlook(seen, to));
    finding.meaning = fmt::format(
        "connect() tries one half of the range first. {}, it tries all of that half in vain: "
        "milliseconds of CPU time for each new connection. When none is left, it fails with "
        "EADDRNOTAVAIL. Other destinations are not affected.",
        slow ? "Now that as many are taken" : "Once as many are taken");
    finding.fix = port_fix(seen, to);
    return finding;
}

} // namespace

void judge_ports(const Observations& seen, Findings& findings) {
    for (const Destination& to : destinations(seen)) {
        const bool reported = to.no_port > 0; // reported by judge_no_port(), with the same evidence
        const bool short_of = to.is_short();
        const bool was_burst = !short_of && to.usable > 0 && to.share() >= threshold::ports_burst;
        if (reported || (!short_of && !was_burst))
            continue;
        Finding finding = short_of ? shortage(seen, to) : burst(seen, to);
        finding.weight = std::max(to.share(), to.forecast_share);
        findings.push_back(std::move(finding));
    }
}

} // namespace twtrace::doctor
