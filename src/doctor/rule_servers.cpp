// Costs in memory instead of ports: servers that close first, and the limit of minisocks.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "doctor/rules.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

// The client of that server if it runs on this host too: it may send `Connection: close`.
const Flow* client_of(const Observations& seen, const Flow& server) {
    const Flow* busiest = nullptr;
    for (const Flow& flow : seen.flows)
        if (flow.role == Role::Client && flow.netns == server.netns && flow.port == server.port &&
            flow.remote == server.local && flow.passive_close > 0 &&
            (busiest == nullptr || flow.passive_close > busiest->passive_close))
            busiest = &flow;
    return busiest;
}

// The size of a minisock in the kernel's slab tw_sock_TCP.
constexpr double minisock_bytes = 256;

} // namespace

void judge_server_closes(const Observations& seen, Findings& findings) {
    for (const Flow& flow : seen.flows) {
        const double rate = seen.rate(flow.time_wait);
        const auto life = flow.lifetimes.median_below_us();
        if (flow.role != Role::Server || flow.time_wait < threshold::events ||
            rate < threshold::busy_rate || flow.time_wait < flow.passive_close || !life ||
            *life > threshold::short_life_us)
            continue;
        Finding finding;
        finding.id = "server-closes-first";
        finding.weight = rate;
        finding.netns = flow.netns;
        finding.service = flow.service;
        if (flow.pid != 0)
            finding.pid = flow.pid;
        finding.service_port = flow.port;
        finding.title = fmt::format("{} closes first on the clients of port {}{}", who(flow),
                                    flow.port, where(seen, flow.netns));
        finding.evidence = {
            fmt::format("{} of {} connections closed by the server ({}), half of them within {}",
                        grouped(flow.time_wait), grouped(flow.closes()), per_second(rate),
                        duration_text(static_cast<double>(*life) / 1e6))};
        finding.meaning = fmt::format(
            "No local port is used up: they all share port {}. At this rate {} sockets of {:.0f} "
            "bytes stay in TIME_WAIT, and each request pays for a handshake.",
            flow.port, grouped(static_cast<std::uint64_t>(rate * 60)), minisock_bytes);
        const Flow* client = client_of(seen, flow);
        if (client != nullptr) {
            finding.evidence.push_back(fmt::format("its client is {}", who(*client)));
            finding.fix = keep_alive_lines(seen, *client);
        } else {
            finding.fix = server_lines(flow);
        }
        finding.numbers = {{"time_wait", static_cast<double>(flow.time_wait)}, {"rate", rate}};
        findings.push_back(std::move(finding));
    }
}

void judge_buckets(const Observations& seen, Findings& findings) {
    for (const auto& [netns, facts] : seen.namespaces) {
        std::uint64_t refused = 0;
        std::uint64_t entered = 0;
        const Flow* busiest = nullptr;
        for (const Flow& flow : seen.flows) {
            if (flow.netns != netns)
                continue;
            refused += flow.overflows;
            entered += flow.time_wait + flow.overflows;
            if (busiest == nullptr ||
                flow.time_wait + flow.overflows > busiest->time_wait + busiest->overflows)
                busiest = &flow;
        }
        refused = std::max(refused, facts.overflow_rise);
        const std::uint64_t limit =
            facts.settings ? facts.settings->max_tw_buckets.value_or(0) : 0; // 0: not known
        const std::uint64_t present = facts.counts ? facts.counts->time_wait : 0;
        const double share =
            limit > 0 ? static_cast<double>(present) / static_cast<double>(limit) : 0;
        if (refused == 0 && (share < threshold::buckets_near || present < threshold::events))
            continue;
        Finding finding;
        finding.id = "tw-buckets";
        finding.severity = Severity::Warning;
        finding.weight = share + static_cast<double>(refused);
        finding.netns = netns;
        finding.title = fmt::format("the table of TIME_WAIT sockets is {}{}",
                                    refused > 0 ? "full" : "nearly full", where(seen, netns));
        if (limit > 0)
            finding.evidence.push_back(
                fmt::format("{} sockets in TIME_WAIT, net.ipv4.tcp_max_tw_buckets is {}",
                            grouped(present), grouped(limit)));
        if (refused > 0)
            finding.evidence.push_back(
                fmt::format("{} connections were closed without TIME_WAIT in {:.1f} s ({})",
                            grouped(refused), seen.seconds, per_second(seen.rate(refused))));
        if (busiest != nullptr && entered > 0) {
            finding.service = busiest->service;
            finding.evidence.push_back(
                fmt::format("most come from {}: {}", who(*busiest),
                            per_second(seen.rate(busiest->time_wait + busiest->overflows))));
        }
        finding.meaning =
            "Beyond the limit the kernel ends connections without TIME_WAIT: late segments may "
            "reach the next connection on the same ports, and a lost last ACK ends in a reset for "
            "the peer. The limit protects memory; it does not tune TIME_WAIT.";
        const double wanted = std::max(2.0 * static_cast<double>(limit > 0 ? limit : present),
                                       seen.held(entered, 60) * 1.5);
        finding.fix = {fmt::format("# takes up to {:.0f} MB of memory:",
                                   std::ceil(wanted * minisock_bytes / 1e6)),
                       sysctl_line(&facts, fmt::format("net.ipv4.tcp_max_tw_buckets={:.0f}",
                                                       std::ceil(wanted)))};
        finding.numbers = {{"time_wait_sockets", static_cast<double>(present)},
                           {"refused", static_cast<double>(refused)}};
        findings.push_back(std::move(finding));
    }
}

} // namespace twtrace::doctor
