// Connection tracking on a host that forwards: forwarded connections have no socket here.
#include <fmt/format.h>

#include "doctor/rules.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

// A time-wait socket lasts 60 s (TCP_TIMEWAIT_LEN), so a shorter time would gain little.
constexpr std::uint64_t shorter_s = 60;

std::string duration_of(const Conntrack& conntrack) {
    constexpr std::string_view setting = "nf_conntrack_tcp_timeout_time_wait";
    return conntrack.time_wait_s ? fmt::format("for {} s ({})", *conntrack.time_wait_s, setting)
                                 : fmt::format("for the seconds in {}", setting);
}

void append_shorter_time(const NamespaceFacts& facts, std::vector<std::string>& fix) {
    const auto time_wait_s = facts.conntrack->time_wait_s;
    if (time_wait_s && *time_wait_s <= shorter_s)
        return;
    if (!time_wait_s)
        fix.push_back(fmt::format(
            "# only if {}sysctl net.netfilter.nf_conntrack_tcp_timeout_time_wait shows more "
            "than {}: compare first",
            facts.enter, shorter_s));
    fix.push_back(fmt::format("{}sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait={}",
                              facts.enter, shorter_s));
}

void judge_insertions(const Observations& seen, std::uint32_t netns, const NamespaceFacts& facts,
                      Findings& findings) {
    const std::uint64_t failed = facts.conntrack_failed;
    if (failed < threshold::conntrack_failures)
        return;
    Finding finding;
    finding.id = "snat-ports";
    finding.severity = Severity::Warning;
    finding.netns = netns;
    finding.weight = 1 + seen.rate(failed);
    finding.title = fmt::format("conntrack refuses packets: perhaps source ports of SNAT run out{}",
                                where(seen, netns));
    finding.evidence = {
        fmt::format("insert_failed in /proc/net/stat/nf_conntrack rose by {} in {:.1f} s",
                    grouped(failed), seen.seconds),
        fmt::format("{} connections are tracked{}", grouped(facts.conntrack->entries.value_or(0)),
                    facts.conntrack->forwards ? ", and this host forwards" : "")};
    finding.meaning = fmt::format(
        "The first packet of a connection was dropped, because one with the same addresses and "
        "ports is tracked; the client waits a second or more. There are two causes. Either source "
        "ports of SNAT (masquerading) run out: one source address has 64,512 at most towards one "
        "destination address and port, and conntrack keeps a closed connection {}. Or two UDP "
        "packets of one socket arrive at the same time, such as the pairs of DNS queries of a "
        "resolver, which are frequent on Kubernetes.",
        duration_of(*facts.conntrack));
    finding.fix = {
        "# source ports run out if one destination has tens of thousands of these:",
        fmt::format("{}conntrack -L -p tcp --state TIME_WAIT", facts.enter),
        "# then more source addresses: -j SNAT --to-source FIRST-LAST, without --to-ports",
        "# and clients behind this host: keep connections open and reuse them",
        "# otherwise DNS: a cache on each node, or `options single-request-reopen` in resolv.conf"};
    finding.numbers = {{"insert_failed", static_cast<double>(failed)},
                       {"entries", static_cast<double>(facts.conntrack->entries.value_or(0))}};
    findings.push_back(std::move(finding));
}

void judge_table_size(const Observations& seen, std::uint32_t netns, const NamespaceFacts& facts,
                      Findings& findings) {
    const double entries = static_cast<double>(facts.conntrack->entries.value_or(0));
    const double limit = static_cast<double>(facts.conntrack->max_entries.value_or(0));
    if (limit <= 0 || entries < threshold::conntrack_near * limit)
        return;
    Finding finding;
    finding.id = "conntrack-full";
    finding.severity = Severity::Critical;
    finding.netns = netns;
    finding.weight = entries / limit;
    finding.title =
        fmt::format("the conntrack table is {}{}",
                    facts.conntrack_dropped > 0 ? "full" : "nearly full", where(seen, netns));
    finding.evidence = {fmt::format("{} of {} entries (nf_conntrack_max)",
                                    grouped(facts.conntrack->entries.value_or(0)),
                                    grouped(facts.conntrack->max_entries.value_or(0)))};
    if (facts.conntrack_dropped > 0)
        finding.evidence.push_back(fmt::format("{} entries or packets were dropped in {:.1f} s",
                                               grouped(facts.conntrack_dropped), seen.seconds));
    finding.meaning =
        fmt::format("When it is full, new connections through this host, and its own, "
                    "are dropped. A closed connection stays in it {}.",
                    duration_of(*facts.conntrack));
    finding.fix = {"# in the initial network namespace, which sets it for all:",
                   fmt::format("sysctl -w net.netfilter.nf_conntrack_max={}",
                               2 * facts.conntrack->max_entries.value_or(0))};
    append_shorter_time(facts, finding.fix);
    finding.numbers = {{"entries", entries}, {"most", limit}};
    findings.push_back(std::move(finding));
}

} // namespace

void judge_conntrack(const Observations& seen, Findings& findings) {
    for (const auto& [netns, facts] : seen.namespaces) {
        if (!facts.conntrack)
            continue;
        judge_insertions(seen, netns, facts, findings);
        judge_table_size(seen, netns, facts, findings);
    }
}

} // namespace twtrace::doctor
