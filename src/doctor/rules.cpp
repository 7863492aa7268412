#include "doctor/rules.h"

#include <algorithm>
#include <array>

#include "util/text.h"

namespace twtrace::doctor {

namespace {

// In the order of "Looked for:", related rules together.
constexpr std::array table{
    Rule{"connect() that fails for lack of a local port", judge_no_port},
    Rule{"connect() from a chosen port that is taken", judge_chosen_ports},
    Rule{"sockets with a port range of their own", judge_own_range},
    Rule{"ephemeral ports towards each destination", judge_ports},
    Rule{"local ports that bind() takes", judge_bound_range},
    Rule{"clients that open a connection for each request", judge_connection_per_request},
    Rule{"servers that close on their clients", judge_server_closes},
    Rule{"tcp_max_tw_buckets", judge_buckets},
    Rule{"tcp_tw_reuse on busy clients", judge_reuse},
    Rule{"tcp_tw_reuse without TCP timestamps", judge_timestamps},
    Rule{"bind() before connect()", judge_bound_ports},
    Rule{"periodic connections that carry hardly any data", judge_health_checks},
    Rule{"connections that end in a reset by this side", judge_resets},
    Rule{"conntrack: SNAT ports and the table's size", judge_conntrack},
    Rule{"settings that do harm or have no effect", judge_settings},
};

} // namespace

std::span<const Rule> rules() {
    return table;
}

void put_in_order(Findings& findings) {
    std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
        if (a.severity != b.severity)
            return a.severity < b.severity;
        return a.gain != b.gain ? a.gain > b.gain : a.weight > b.weight;
    });
}

Findings diagnose(const Observations& seen) {
    Findings findings;
    for (const Rule& rule : rules())
        rule.judge(seen, findings);
    // Names are untrusted bytes: a line break in a line that users copy would start another
    // command.
    for (Finding& finding : findings)
        for (std::string& line : finding.fix)
            line = printable(line);
    put_in_order(findings);
    return findings;
}

} // namespace twtrace::doctor
