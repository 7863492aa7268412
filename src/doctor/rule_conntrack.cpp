// Connection tracking on a host that forwards: forwarded connections have no socket here.
#include <fmt/format.h>

#include "doctor/rules.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

void judge_insertions(const Observations& seen, std::uint32_t netns, const NamespaceFacts& facts,
                      Findings& findings) {
    const std::uint64_t failed = facts.conntrack_failed;
    if (failed < threshold::conntrack_failures)
        return;
    Finding finding;
    finding.id = "snat-ports";
    finding.severity = Severity::Critical;
    finding.netns = netns;
    finding.weight = 1 + seen.rate(failed);
    finding.title = fmt::format("conntrack refuses connections: source ports of SNAT run out{}",
                                where(seen, netns));
    finding.evidence = {
        fmt::format("insert_failed in /proc/net/stat/nf_conntrack rose by {} in {:.1f} s",
                    grouped(failed), seen.seconds),
        fmt::format("{} connections are tracked{}", grouped(facts.conntrack->entries.value_or(0)),
                    facts.conntrack->forwards ? ", and this host forwards" : "")};
    finding.meaning =
        "After SNAT (masquerading) a new connection would have had the same addresses and ports as "
        "one that is tracked. Its first packet is dropped, and the client waits a second or more. "
        "One source address has 64,512 ports at most towards one destination address and port, and "
        "conntrack keeps a closed connection for 120 s "
        "(nf_conntrack_tcp_timeout_time_wait). UDP from one socket, such as pairs of DNS "
        "queries, counts here too.";
    finding.fix = {
        "# more source addresses: -j SNAT --to-source FIRST-LAST, without --to-ports",
        "# clients behind this host: keep connections open and reuse them",
        fmt::format("{}conntrack -L -p tcp --state TIME_WAIT  # which destination", facts.enter)};
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
    finding.meaning = "When it is full, new connections through this host, and its own, are "
                      "dropped. A closed connection stays in it for 120 s "
                      "(nf_conntrack_tcp_timeout_time_wait), twice as long as its TIME_WAIT.";
    finding.fix = {"# in the initial network namespace, which sets it for all:",
                   fmt::format("sysctl -w net.netfilter.nf_conntrack_max={}",
                               2 * facts.conntrack->max_entries.value_or(0)),
                   fmt::format("{}sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=60",
                               facts.enter)};
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
