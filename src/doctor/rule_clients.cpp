// How clients use their connections.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "doctor/rules.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

// The entries of a service at one remote end: flows differ by their local address, too.
struct RemoteEnd {
    const Flow* first; // the largest of them
    std::uint64_t time_wait = 0;
};

// A service in one namespace, with its relevant flows, largest first.
struct ServiceFlows {
    std::vector<const Flow*> flows;
    std::uint64_t time_wait = 0;
    std::uint64_t bytes = 0;
    Lifetimes lifetimes;

    [[nodiscard]] const Flow& first() const { return *flows.front(); }
    /// Largest first. A client's ends are addresses with a port, a server's are addresses.
    [[nodiscard]] std::vector<RemoteEnd> remote_ends() const {
        std::vector<RemoteEnd> ends;
        std::map<std::pair<Address, std::uint16_t>, std::size_t> index;
        for (const Flow* flow : flows) {
            const std::uint16_t port = flow->role == Role::Client ? flow->port : std::uint16_t{0};
            const auto [at, is_new] = index.try_emplace({flow->remote, port}, ends.size());
            if (is_new)
                ends.push_back({flow});
            ends[at->second].time_wait += flow->time_wait;
        }
        std::stable_sort(ends.begin(), ends.end(), [](const RemoteEnd& a, const RemoteEnd& b) {
            return a.time_wait > b.time_wait;
        });
        return ends;
    }
};
using ServiceFlowsKey = std::tuple<std::uint32_t, Role, std::string>;

template <typename Wanted>
std::map<ServiceFlowsKey, ServiceFlows> by_service(const std::vector<Flow>& flows, Wanted wanted) {
    std::map<ServiceFlowsKey, ServiceFlows> all;
    for (const Flow& flow : flows) {
        if (!wanted(flow))
            continue;
        ServiceFlows& service = all[{flow.netns, flow.role, flow.service}];
        service.flows.push_back(&flow);
        service.time_wait += flow.time_wait;
        service.bytes += flow.bytes;
        service.lifetimes.add(flow.lifetimes);
    }
    for (auto& [key, service] : all)
        std::sort(service.flows.begin(), service.flows.end(), [](const Flow* a, const Flow* b) {
            return a->time_wait != b->time_wait ? a->time_wait > b->time_wait
                                                : a->remote < b->remote;
        });
    return all;
}

Finding about(const Observations& seen, const ServiceFlows& service, std::string_view id) {
    const Flow& flow = service.first();
    Finding finding;
    finding.id = id;
    finding.weight = seen.rate(service.time_wait);
    finding.netns = flow.netns;
    finding.service = flow.service;
    if (flow.pid != 0)
        finding.pid = flow.pid;
    finding.remote = flow.remote;
    finding.service_port = flow.port;
    finding.numbers = {{"time_wait", static_cast<double>(service.time_wait)},
                       {"rate", seen.rate(service.time_wait)},
                       {"destinations", static_cast<double>(service.remote_ends().size())}};
    return finding;
}

// Adds a line for each of the busiest destinations.
void name_destinations(const Observations& seen, const ServiceFlows& service, Finding& finding) {
    constexpr std::size_t at_most = 3;
    const std::vector<RemoteEnd> ends = service.remote_ends();
    for (std::size_t index = 0; index < std::min(at_most, ends.size()); ++index) {
        const Flow& flow = *ends[index].first;
        finding.evidence.push_back(
            fmt::format("{} {}: {}", flow.role == Role::Client ? "to" : "from",
                        flow.role == Role::Client ? other_end(flow) : to_string(flow.remote),
                        per_second(seen.rate(ends[index].time_wait))));
    }
    if (ends.size() > at_most)
        finding.evidence.push_back(fmt::format("and {} more", ends.size() - at_most));
}

} // namespace

void judge_connection_per_request(const Observations& seen, Findings& findings) {
    const auto clients = by_service(seen.flows, [](const Flow& flow) {
        const auto life = flow.lifetimes.median_below_us();
        return flow.role == Role::Client && flow.time_wait >= threshold::events_per_destination &&
               life && *life <= threshold::short_life_us;
    });
    for (const auto& [key, service] : clients) {
        if (service.time_wait < threshold::events ||
            seen.rate(service.time_wait) < threshold::busy_rate)
            continue;
        const double life = static_cast<double>(*service.lifetimes.median_below_us()) / 1e6;
        Finding finding = about(seen, service, "connection-per-request");
        finding.severity = Severity::Warning;
        finding.title = fmt::format("{} opens a connection for each request, and closes it first{}",
                                    who(service.first()), where(seen, service.first().netns));
        finding.evidence.push_back(
            fmt::format("{} connections closed in {:.1f} s ({}), half of them within {}",
                        grouped(service.time_wait), seen.seconds,
                        per_second(seen.rate(service.time_wait)), duration_text(life)));
        name_destinations(seen, service, finding);
        finding.meaning =
            "Each of them leaves a TIME_WAIT, and a local port that is taken towards that "
            "destination, for 60 s; and each request pays for a handshake.";
        finding.fix = keep_alive_lines(seen, service.first());
        finding.numbers.emplace_back("life_p50_below_us", life * 1e6);
        findings.push_back(std::move(finding));
    }
}

void judge_bound_ports(const Observations& seen, Findings& findings) {
    const auto clients = by_service(seen.flows, [](const Flow& flow) { return flow.bound > 0; });
    for (const auto& [key, service] : clients) {
        std::uint64_t bound = 0;
        for (const Flow* flow : service.flows)
            bound += flow->bound;
        if (bound < threshold::events || seen.rate(bound) < threshold::busy_rate)
            continue;
        Finding finding = about(seen, service, "port-bound-early");
        finding.severity = Severity::Warning;
        finding.weight = seen.rate(bound);
        finding.title = fmt::format("{} lets bind() pick the port, before connect(){}",
                                    who(service.first()), where(seen, service.first().netns));
        finding.evidence.push_back(
            fmt::format("{} of its {} closes had a port that bind() had picked ({}), towards {} "
                        "destinations",
                        grouped(bound), grouped(service.time_wait), per_second(seen.rate(bound)),
                        grouped(service.remote_ends().size())));
        name_destinations(seen, service, finding);
        finding.meaning =
            "bind() does not know the destination yet, so it takes a port for all destinations: "
            "they "
            "share one range instead of having one each. When it is used up, bind() fails with "
            "EADDRINUSE.";
        finding.fix = {"# before bind() of an address and port 0 (Linux 4.2):", "int one = 1;",
                       "setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);"};
        finding.remote.reset();
        finding.service_port.reset();
        finding.numbers.emplace_back("bound", static_cast<double>(bound));
        findings.push_back(std::move(finding));
    }
}

namespace {

bool looks_like_a_check(const Observations& seen, const Flow& flow) {
    return flow.time_wait >= threshold::check_times &&
           flow.regularity.span_s() >= threshold::check_span * seen.seconds &&
           flow.regularity.variation() <= threshold::check_variation &&
           flow.bytes <= threshold::check_bytes * (flow.time_wait + flow.passive_close);
}

void judge_checks_of(const Observations& seen, const std::vector<Flow>& flows, Role role,
                     Findings& findings) {
    const auto checkers = by_service(flows, [&](const Flow& flow) {
        return flow.role == role && looks_like_a_check(seen, flow) &&
               seen.rate(flow.time_wait) < threshold::busy_rate;
    });
    for (const auto& [key, service] : checkers) {
        if (seen.rate(service.time_wait) < threshold::check_rate)
            continue;
        const bool client = role == Role::Client;
        Finding finding = about(seen, service, "health-checks");
        finding.title = fmt::format("{} {}{}", who(service.first()),
                                    client ? "makes connections that look like health checks"
                                           : "serves connections that look like health checks, and "
                                             "closes them first",
                                    where(seen, service.first().netns));
        finding.evidence.push_back(fmt::format(
            "{} in {:.1f} s ({}), at regular intervals (one every {} {} the busiest), {} bytes "
            "each",
            grouped(service.time_wait), seen.seconds, per_second(seen.rate(service.time_wait)),
            duration_text(service.first().regularity.interval_s()), client ? "to" : "from",
            grouped(service.bytes / std::max<std::uint64_t>(service.time_wait, 1))));
        name_destinations(seen, service, finding);
        finding.meaning = fmt::format(
            "They keep {} sockets in TIME_WAIT all the time. Fewer checks would give the same "
            "information.",
            grouped(static_cast<std::uint64_t>(seen.held(service.time_wait, 60))));
        finding.fix = {
            client ? "# check less often, or over a connection that stays open (haproxy: "
                     "`inter 10s` on the server line; Kubernetes: `periodSeconds: 10`)"
                   : "# let the checker check less often (haproxy: `inter 10s`; Kubernetes: "
                     "`periodSeconds: 10`), or let it close first"};
        findings.push_back(std::move(finding));
    }
}

} // namespace

void judge_health_checks(const Observations& seen, Findings& findings) {
    judge_checks_of(seen, seen.flows, Role::Client, findings);
    judge_checks_of(seen, seen.visits, Role::Server, findings);
}

namespace {

// What a reset by a known proxy means towards its servers; empty: not known.
std::string_view harmless_reset(const Flow& flow) {
    if (flow.role != Role::Client)
        return {};
    if (flow.comm == "haproxy") // it sets SO_LINGER 0 before close()
        return "That is how it ends an idle connection to a server: no TIME_WAIT is left and "
               "nothing is lost, but each request pays for a handshake.";
    if (flow.comm == "nginx") // it sets no SO_LINGER towards servers
        return "nginx leaves data unread at close(). Over TLS this is the server's close_notify, "
               "and nothing is lost, but each request pays for a handshake. Without TLS the server "
               "sent more than nginx wanted.";
    return {};
}

} // namespace

void judge_resets(const Observations& seen, Findings& findings) {
    for (const Flow& flow : seen.flows) {
        const double share = flow.closes() > 0 ? static_cast<double>(flow.local_resets) /
                                                     static_cast<double>(flow.closes())
                                               : 0;
        if (flow.local_resets < threshold::events ||
            seen.rate(flow.local_resets) < threshold::busy_rate || share < threshold::reset_share)
            continue;
        Finding finding;
        finding.id = "resets";
        finding.weight = seen.rate(flow.local_resets);
        finding.netns = flow.netns;
        finding.service = flow.service;
        if (flow.pid != 0)
            finding.pid = flow.pid;
        finding.service_port = flow.port;
        const bool client = flow.role == Role::Client;
        if (client)
            finding.remote = flow.remote;
        finding.title = fmt::format(
            "{} ends connections {} {} with a reset{}", who(flow), client ? "to" : "at",
            client ? other_end(flow) : fmt::format("port {}", flow.port), where(seen, flow.netns));
        finding.evidence = {fmt::format("{} of {} closes ({}) sent an RST: {}",
                                        grouped(flow.local_resets), grouped(flow.closes()),
                                        percent(share), per_second(seen.rate(flow.local_resets)))};
        finding.meaning =
            "SO_LINGER with 0 seconds causes this, and so does close() with unread data. It leaves "
            "no TIME_WAIT, but discards data in flight: the peer may lose the end of the data and "
            "see ECONNRESET.";
        if (const std::string_view harmless = harmless_reset(flow); !harmless.empty()) {
            finding.meaning = harmless;
            finding.fix = keep_alive_lines(seen, flow);
        } else {
            finding.fix = {
                fmt::format("# {}: remove SO_LINGER 0, read to the end before close(), or let "
                            "the peer close first",
                            flow.service.empty() ? "its program" : flow.service)};
        }
        finding.numbers = {{"resets", static_cast<double>(flow.local_resets)},
                           {"rate", seen.rate(flow.local_resets)},
                           {"share", share}};
        findings.push_back(std::move(finding));
    }
}

} // namespace twtrace::doctor
