// Settings that are harmful, or do not have the intended effect.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "doctor/rules.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

struct Subject {
    const Observations& seen;
    std::uint32_t netns;
    const NamespaceFacts& facts;
    const NetSettings& settings;
    std::uint64_t time_wait;        // entries that were seen
    std::uint64_t client_time_wait; // of these, by clients
    std::uint64_t fin_wait2;        // of time_wait: began in FIN_WAIT2
    bool frees_ports;               // tcp_fin_timeout: of clients in FIN_WAIT2

    [[nodiscard]] Finding finding(std::string_view id, std::string title) const {
        Finding finding;
        finding.id = id;
        finding.netns = netns;
        finding.title = std::move(title) + where(seen, netns);
        return finding;
    }
    [[nodiscard]] bool is_busy(std::uint64_t entries) const {
        return entries >= threshold::events && seen.rate(entries) >= threshold::busy_rate;
    }
};

// A service whose port is inside the range cannot restart while connect() has assigned the port.
// Ports from 32768 on are skipped: most listeners there let the kernel choose the port.
void judge_overlap(const Subject& subject, Findings& findings) {
    std::vector<std::uint16_t> in_range;
    for (const std::uint16_t port : subject.facts.listeners)
        if (port < default_port_range.first && subject.settings.ephemeral.contains(port) &&
            !subject.settings.reserved.contains(port))
            in_range.push_back(port);
    if (in_range.empty())
        return;
    Finding finding = subject.finding("range-overlaps",
                                      "ip_local_port_range covers ports that services listen on");
    std::vector<std::uint16_t> shown(
        in_range.begin(),
        in_range.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(in_range.size(), 10)));
    finding.evidence = {fmt::format("the range is {} to {}; ports with a listener in it: {}{}",
                                    subject.settings.ephemeral.first,
                                    subject.settings.ephemeral.last, fmt::join(shown, ", "),
                                    shown.size() < in_range.size() ? ", ..." : "")};
    finding.meaning = "While such a service restarts, connect() may take its port; it then fails "
                      "to start with EADDRINUSE until that connection is gone.";
    finding.fix = {reserve_line(subject.facts, in_range)};
    finding.weight = static_cast<double>(in_range.size());
    finding.numbers = {{"ports", static_cast<double>(in_range.size())}};
    findings.push_back(std::move(finding));
}

void judge_narrow_range(const Subject& subject, Findings& findings) {
    const std::uint32_t usable = subject.settings.usable_ports();
    const double use = usable > 0 ? subject.seen.held(subject.client_time_wait, 60) / usable : 0;
    if (usable >= threshold::narrow_range || use < threshold::narrow_range_use ||
        !subject.is_busy(subject.client_time_wait))
        return;
    Finding finding = subject.finding("narrow-range", "few local ports for a busy client");
    finding.evidence = {fmt::format(
        "{} ports ({} to {}{}), where the default is {}; clients close {} into TIME_WAIT",
        grouped(usable), subject.settings.ephemeral.first, subject.settings.ephemeral.last,
        subject.settings.reserved.any ? ", less the reserved ones" : "",
        grouped(default_port_range.size()),
        per_second(subject.seen.rate(subject.client_time_wait)))};
    finding.meaning = fmt::format("{} new connections a second to one destination use them up.",
                                  grouped(usable / 60));
    finding.fix = range_lines(subject.facts, default_port_range);
    if (finding.fix.empty())
        finding.fix = {
            "# the reserved ports leave few: reserve only the ports that services listen "
            "on (net.ipv4.ip_local_reserved_ports)"};
    finding.weight = use;
    finding.numbers = {{"usable", usable}};
    findings.push_back(std::move(finding));
}

void judge_fin_timeout(const Subject& subject, Findings& findings) {
    constexpr std::uint64_t default_s = 60;
    if (!subject.settings.fin_timeout_s || *subject.settings.fin_timeout_s >= default_s ||
        !subject.is_busy(subject.time_wait) || 2 * subject.fin_wait2 >= subject.time_wait)
        return;
    Finding finding =
        subject.finding("fin-timeout", fmt::format("tcp_fin_timeout={} does not shorten TIME_WAIT",
                                                   *subject.settings.fin_timeout_s));
    finding.evidence = {fmt::format("{} entries into TIME_WAIT; each TIME_WAIT lasts 60 s",
                                    per_second(subject.seen.rate(subject.time_wait)))};
    finding.meaning =
        "TIME_WAIT always lasts 60 s on Linux (TCP_TIMEWAIT_LEN, compiled in). The setting ends "
        "connections in FIN_WAIT2 whose peer has not closed yet; slow peers then get a reset.";
    finding.fix = {subject.frees_ports
                       ? "# keep it: it frees the ports of connections whose peer does not close"
                       : sysctl_line(&subject.facts, "net.ipv4.tcp_fin_timeout=60")};
    finding.numbers = {{"fin_timeout_s", static_cast<double>(*subject.settings.fin_timeout_s)}};
    findings.push_back(std::move(finding));
}

void judge_recycle(const Subject& subject, Findings& findings) {
    if (subject.settings.tw_recycle.value_or(0) == 0)
        return;
    Finding finding = subject.finding("tw-recycle", "tcp_tw_recycle drops clients behind NAT");
    finding.severity = Severity::Warning;
    finding.evidence = {"net.ipv4.tcp_tw_recycle is on"};
    finding.meaning = "Hosts behind one address have different clocks; the SYNs of all but one of "
                      "them are dropped silently. Linux 4.12 removed the setting.";
    finding.fix = {sysctl_line(&subject.facts, "net.ipv4.tcp_tw_recycle=0")};
    findings.push_back(std::move(finding));
}

void judge_reuse_without_timestamps(const Subject& subject, Findings& findings) {
    if (subject.settings.timestamps != 0U || subject.settings.tw_reuse != 1U ||
        !subject.is_busy(subject.client_time_wait))
        return;
    Finding finding = subject.finding("tw-reuse-without-timestamps",
                                      "tcp_tw_reuse=1 does nothing without timestamps");
    finding.evidence = {"net.ipv4.tcp_timestamps is 0"};
    finding.meaning =
        "connect() takes over a TIME_WAIT only if timestamps distinguish old segments from "
        "new ones (RFC 7323, PAWS).";
    finding.fix = {sysctl_line(&subject.facts, "net.ipv4.tcp_timestamps=1")};
    findings.push_back(std::move(finding));
}

} // namespace

void judge_settings(const Observations& seen, Findings& findings) {
    for (const auto& [netns, facts] : seen.namespaces) {
        if (!facts.settings)
            continue;
        Subject subject{seen, netns, facts, *facts.settings, 0, 0, 0, false};
        for (const Flow& flow : seen.flows) {
            if (flow.netns != netns)
                continue;
            const bool client = flow.role == Role::Client;
            subject.time_wait += flow.time_wait;
            subject.client_time_wait += client ? flow.time_wait : 0;
            subject.fin_wait2 += flow.fin_wait2;
            subject.frees_ports = subject.frees_ports || (client && flow.fin_wait2 > 0);
        }
        for (const PortUse& use : facts.ports)
            subject.frees_ports = subject.frees_ports || use.fin_wait2 > 0;
        for (const auto judge : {judge_overlap, judge_narrow_range, judge_fin_timeout,
                                 judge_recycle, judge_reuse_without_timestamps})
            judge(subject, findings);
    }
}

} // namespace twtrace::doctor
