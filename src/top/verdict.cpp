#include "top/verdict.h"

#include <algorithm>

#include <fmt/format.h>

#include "sink/summary_fields.h"
#include "top/cells.h"
#include "top/picture.h"

namespace twtrace {

namespace {

constexpr std::string_view run_doctor = ": run twtrace doctor";

// connect() tries the ports of one parity first (__inet_hash_connect()): once these are taken it
// walks all of them each time. Measured on 6.18: docs/time-wait.md.
constexpr double half = 0.5;

std::string percent(double share) {
    return fmt::format("{:.0f} %", share * 100);
}

std::string_view what_is_missing(Reason reason) {
    if (reason == Reason::PortTaken)
        return "fails, the source port that bind() set is taken";
    return reason == Reason::OwnRange ? "finds no free port in its own range"
                                      : "finds no free port";
}

// Judges connects that failed because ports ran out.
bool judge_failures(const Destination& worst, Verdict& verdict) {
    if (worst.no_port == 0)
        return false;
    verdict.level = Level::Problem;
    const std::string mainly =
        worst.main_flow != nullptr ? ", mainly of " + who(*worst.main_flow) : std::string();
    verdict.text =
        fmt::format("connect() towards {} {}: {} failed in the last 10 s{}{}", peer_of(worst.key),
                    what_is_missing(worst.main_flow != nullptr ? worst.main_flow->no_port_reason
                                                               : Reason::None),
                    worst.no_port, mainly, run_doctor);
    return true;
}

bool judge_ports(const Destination& worst, Verdict& verdict) {
    const double use = worst.use.value_or(0);
    if (worst.reused || use < 0.2)
        return false;
    const std::string peer = peer_of(worst.key);
    if (worst.used_up_in_s && *worst.used_up_in_s <= 0) {
        verdict.level = Level::Problem;
        verdict.text = fmt::format("towards {} all ports are taken, new connections will fail{}",
                                   peer, run_doctor);
    } else if (worst.used_up_in_s) {
        verdict.level = Level::Problem;
        verdict.text =
            fmt::format("towards {} {} of the ports are taken, at this rate used up in {}{}", peer,
                        percent(use), short_time(*worst.used_up_in_s), run_doctor);
    } else if (use >= half) {
        verdict.level = Level::Watch;
        verdict.text =
            fmt::format("towards {} {} of the ports are taken: at this rate they do not "
                        "run out, but connect() has to search for one and becomes slow{}",
                        peer, percent(use), run_doctor);
    } else {
        return false;
    }
    return true;
}

bool judge_limits(const Picture& picture, Verdict& verdict) {
    for (const NamespaceLine& line : picture.around.namespaces) {
        if (!line.present || !line.limit)
            continue;
        const double fill = static_cast<double>(*line.present) /
                            static_cast<double>(std::max<std::uint64_t>(1, *line.limit));
        if (fill < 0.8)
            return false; // sorted, worst first
        verdict.level = fill < 0.95 ? Level::Watch : Level::Problem;
        verdict.text = fmt::format(
            "{} of {} TIME_WAIT sockets in {}: at the limit (tcp_max_tw_buckets) connections end "
            "without one{}",
            grouped(static_cast<double>(*line.present)), grouped(static_cast<double>(*line.limit)),
            line.name, run_doctor);
        return true;
    }
    return false;
}

void judge_fine(const Picture& picture, const Destination* worst, Verdict& verdict) {
    if (picture.entries == 0) {
        verdict.text = picture.elapsed_s < 60 ? "no entry into TIME_WAIT since the trace began"
                                              : "no entry into TIME_WAIT in the last minute";
        verdict.text += ": nothing to do";
        return;
    }
    const std::string rate = fmt::format("{} entries/s", short_number(picture.rate));
    if (worst == nullptr || !worst->use)
        verdict.text = fmt::format("{}, none of them takes a port: nothing to do", rate);
    else if (worst->reused && *worst->use >= half)
        verdict.text = fmt::format("{}; {} of the ports towards {} are taken, but reusable by "
                                   "connect() (tcp_tw_reuse): nothing to do",
                                   rate, percent(*worst->use), peer_of(worst->key));
    else
        verdict.text =
            fmt::format("{}, ports at most {} taken: nothing to do", rate, percent(*worst->use));
}

// Details are lost, numbers are not; this concerns the picture rather than the host.
void judge_losses(const Picture& picture, Verdict& verdict) {
    if (verdict.level == Level::Fine && picture.around.accounting.lost > 0)
        verdict.text += fmt::format(" ({} events without details: a larger --ring helps)",
                                    picture.around.accounting.lost);
}

const Flow* busiest(const Picture& picture) {
    const Flow* top = nullptr;
    for (const FlowGroup& group : picture.groups)
        for (const Flow* flow : group.flows)
            if (top == nullptr || flow->rate(1) > top->rate(1))
                top = flow;
    return top;
}

std::string advice_for(const Flow& flow) {
    LifetimeSums sums{};
    flow.lifetimes.add_to(sums);
    const auto median = quantile_us(sums, 0.5);
    const std::string after =
        median ? fmt::format(", half of them within {}", human_us(*median)) : std::string();
    if (flow.key.role == Role::Client)
        return fmt::format("{} closes its own connections to {}{}: keep-alive or a connection pool "
                           "would reduce this",
                           who(flow), peer_of(flow), after);
    if (flow.key.role == Role::Server)
        return fmt::format(
            "{} closes on its clients first, port {}{}: a longer keep-alive timeout, "
            "more requests per connection or no Connection: close would reduce this",
            who(flow), flow.key.service_port, after);
    return {};
}

} // namespace

std::string who(const Flow& flow) {
    if (flow.service.empty())
        return flow.key.pid == 0 ? "an unknown process" : fmt::format("pid {}", flow.key.pid);
    return flow.key.pid == 0 ? flow.service : fmt::format("{} ({})", flow.service, flow.key.pid);
}

std::string peer_of(const FlowKey& key) {
    PeerRow peer;
    peer.remote = key.remote;
    if (key.service_port != 0)
        peer.service_port = key.service_port;
    return key.remote.family == 0 ? "(several)" : peer_text(peer);
}

std::string peer_of(const Flow& flow) {
    if (flow.key.remote.family == 0)
        return peer_of(flow.key);
    PeerRow peer;
    peer.remote = flow.key.remote;
    if (flow.key.service_port != 0)
        peer.service_port = flow.key.service_port;
    peer.service = flow.remote_service;
    peer.name = flow.remote_name;
    return peer_text(peer);
}

Verdict judge(const Picture& picture) {
    Verdict verdict;
    const auto worst = picture.destinations->worst(1);
    const Destination* ports = worst.empty() ? nullptr : worst.front();
    const bool found = (ports != nullptr && judge_failures(*ports, verdict)) ||
                       (ports != nullptr && judge_ports(*ports, verdict)) ||
                       judge_limits(picture, verdict);
    if (!found)
        judge_fine(picture, ports, verdict);
    judge_losses(picture, verdict);
    const Flow* flow = found && ports != nullptr && ports->main_flow != nullptr ? ports->main_flow
                                                                                : busiest(picture);
    if (flow != nullptr && flow->in_minute > 0)
        verdict.advice = advice_for(*flow);
    return verdict;
}

} // namespace twtrace
