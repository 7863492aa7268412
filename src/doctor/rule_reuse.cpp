// tcp_tw_reuse: off where it would help, or on without effect.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "doctor/port_finding.h"
#include "doctor/rules.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

void judge_reuse(const Observations& seen, Findings& findings) {
    std::vector<std::uint32_t> reported; // a setting of the namespace is reported once
    for (const Destination& to : destinations(seen)) {
        const NetSettings* settings = seen.settings(to.netns);
        const bool worse = to.no_port > 0 || to.is_short(); // other rules report it
        if (settings == nullptr || worse || to.no_timestamps || to.mostly_fin_wait2() ||
            to.forecast_share < threshold::reuse_helps || to.time_wait < threshold::events ||
            reuse_applies(*settings, to.use.local, to.use.remote) ||
            std::find(reported.begin(), reported.end(), to.netns) != reported.end())
            continue;
        reported.push_back(to.netns);
        Finding finding = about(seen, to, "tw-reuse-off");
        finding.weight = to.forecast_share;
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

namespace {

// The remote side decides: a TCP option that its SYN-ACK does not carry is off.
std::vector<std::string> timestamps_fix(const Observations& seen, const Destination& to) {
    std::vector<std::string> lines{
        fmt::format("# on the host that has {}: net.ipv4.tcp_timestamps=1 (Linux; other systems "
                    "have their own setting); if it is on there, a device on the path removes "
                    "the option",
                    to_string(to.use.remote))};
    const std::vector<std::string> relief = port_fix(seen, to);
    lines.insert(lines.end(), relief.begin(), relief.end());
    return lines;
}

} // namespace

void judge_timestamps(const Observations& seen, Findings& findings) {
    for (const Destination& to : destinations(seen)) {
        const NetSettings* settings = seen.settings(to.netns);
        const bool harmed = to.no_port > 0 || to.is_short();
        if (settings == nullptr || !to.no_timestamps ||
            !reuse_applies(*settings, to.use.local, to.use.remote) ||
            (!harmed && to.forecast_share < threshold::reuse_helps))
            continue;
        Finding finding = about(seen, to, "no-timestamps");
        finding.severity = harmed ? Severity::Critical : Severity::Warning;
        // The cause is listed before its effects.
        finding.weight = 2 + std::max({seen.rate(to.no_port), to.forecast_share, to.share()});
        finding.title = fmt::format("tcp_tw_reuse has no effect towards {}: its connections have "
                                    "no TCP timestamps{}",
                                    endpoint(to.use.remote, to.use.port), where(seen, to.netns));
        if (to.without_timestamps > 0)
            finding.evidence.push_back(
                fmt::format("{} of {} connections that were closed towards it had none",
                            grouped(to.without_timestamps), grouped(to.time_wait)));
        if (to.use.passed_over > 1)
            finding.evidence.push_back(fmt::format(
                "connect() failed although {} TIME_WAITs were old enough to be taken over",
                grouped(to.use.passed_over)));
        finding.meaning = "connect() takes a TIME_WAIT over only if both sides of the old "
                          "connection used TCP timestamps (RFC 7323). Each port stays taken for "
                          "the whole 60 s, as if net.ipv4.tcp_tw_reuse were 0.";
        finding.fix = timestamps_fix(seen, to);
        finding.numbers.emplace_back("without_timestamps",
                                     static_cast<double>(to.without_timestamps));
        finding.numbers.emplace_back("passed_over", to.use.passed_over);
        findings.push_back(std::move(finding));
    }
}

} // namespace twtrace::doctor
