// connect() fails although the network namespace has free ports: the program chose the port, or its
// sockets have a range of their own.
#include <fmt/format.h>

#include "doctor/rules.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

Finding about(const Observations& seen, const Flow& flow, std::string_view id,
              std::uint64_t failed) {
    Finding finding;
    finding.id = id;
    finding.severity = Severity::Critical;
    finding.weight = 1 + seen.rate(failed);
    finding.netns = flow.netns;
    finding.service = flow.service;
    if (flow.pid != 0)
        finding.pid = flow.pid;
    finding.remote = flow.remote;
    finding.service_port = flow.port;
    finding.numbers = {{"failed", static_cast<double>(failed)}};
    return finding;
}

std::string failures(const Observations& seen, const Flow& flow, std::uint64_t failed) {
    return fmt::format("{}: {} connects failed with EADDRNOTAVAIL in {:.1f} s", who(flow),
                       grouped(failed), seen.seconds);
}

} // namespace

void judge_chosen_ports(const Observations& seen, Findings& findings) {
    for (const Flow& flow : seen.flows) {
        if (flow.port_taken == 0)
            continue;
        const std::string to = endpoint(flow.remote, flow.port);
        Finding finding = about(seen, flow, "chosen-port-taken", flow.port_taken);
        finding.title = fmt::format("connect() to {} fails: the source port that bind() set is "
                                    "taken towards it{}",
                                    to, where(seen, flow.netns));
        finding.evidence = {fmt::format("{}; the last one had source port {}",
                                        failures(seen, flow, flow.port_taken), flow.last_port)};
        finding.meaning = fmt::format(
            "A connection from that address and port to {} exists already, or is still in "
            "TIME_WAIT "
            "(60 s). Two such connections cannot be distinguished. Other local ports are free.",
            to);
        finding.fix = {fmt::format("# {}: let connect() choose the port, or use another one for "
                                   "each connection; if the peer requires this port, let the "
                                   "peer close first",
                                   flow.service.empty() ? "its program" : flow.service)};
        finding.numbers.emplace_back("local_port", flow.last_port);
        findings.push_back(std::move(finding));
    }
}

void judge_own_range(const Observations& seen, Findings& findings) {
    for (const Flow& flow : seen.flows) {
        if (flow.own_range == 0)
            continue;
        Finding finding = about(seen, flow, "own-range-used-up", flow.own_range);
        finding.title =
            fmt::format("connect() to {} fails: the socket's own port range is used up{}",
                        endpoint(flow.remote, flow.port), where(seen, flow.netns));
        finding.evidence = {failures(seen, flow, flow.own_range)};
        finding.meaning = "The program gave its sockets a range of local ports "
                          "(IP_LOCAL_PORT_RANGE, ip(7)). A wider "
                          "net.ipv4.ip_local_port_range does not help them.";
        finding.fix = {fmt::format("# {}: a wider IP_LOCAL_PORT_RANGE, or none",
                                   flow.service.empty() ? "its program" : flow.service)};
        const std::vector<std::string> keep_alive = keep_alive_lines(seen, flow);
        finding.fix.insert(finding.fix.end(), keep_alive.begin(), keep_alive.end());
        findings.push_back(std::move(finding));
    }
}

} // namespace twtrace::doctor
