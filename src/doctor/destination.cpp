#include "doctor/destination.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "aggregate/key.h"
#include "doctor/thresholds.h"
#include "doctor/wording.h"

namespace twtrace::doctor {

namespace {

constexpr double time_wait_s = 60; // TCP_TIMEWAIT_LEN

struct Key {
    std::uint32_t netns;
    Address local;
    Address remote;
    std::uint16_t port;
    bool operator==(const Key&) const = default;
};
struct KeyHash {
    std::size_t operator()(const Key& key) const {
        return hash_of(key.remote, hash_of(key.local, mix(key.netns, key.port)));
    }
};
using Index = std::unordered_map<Key, Destination, KeyHash>;

void add_counted(const Observations& seen, Index& index) {
    for (const auto& [netns, facts] : seen.namespaces)
        for (const PortUse& use : facts.ports) {
            Destination& to = index[{netns, use.local, use.remote, use.port}];
            to.netns = netns;
            to.use = use;
            to.counted = true;
        }
}

void add_seen(const Observations& seen, Index& index) {
    for (const Flow& flow : seen.flows) {
        if (flow.role != Role::Client || (flow.time_wait == 0 && flow.no_port == 0))
            continue;
        Destination& to = index[{flow.netns, flow.local, flow.remote, flow.port}];
        to.netns = flow.netns;
        to.use.local = flow.local;
        to.use.remote = flow.remote;
        to.use.port = flow.port;
        to.time_wait += flow.time_wait;
        to.fin_wait2 += flow.fin_wait2;
        to.no_port += flow.no_port;
        to.without_timestamps += flow.without_timestamps;
        if (to.busiest == nullptr ||
            flow.time_wait + flow.no_port > to.busiest->time_wait + to.busiest->no_port)
            to.busiest = &flow;
    }
}

// Judges by closes that were seen, and by sockets that connect() did not take over when it failed.
// One port may be left out of every search (__inet_hash_connect(), an odd range).
void judge_timestamps(Destination& to) {
    to.no_timestamps = 2 * to.without_timestamps > to.time_wait || to.use.passed_over > 1;
    if (!to.no_timestamps)
        return;
    to.use.reusable = 0;
    to.use.held_before = to.use.taken_before;
}

// A port is held for tcp_fin_timeout if the peer's FIN does not come. An event does not tell
// whether it came later; the sockets that are in FIN_WAIT2 now show it, because without it they
// would stay.
double hold_of(const Observations& seen, const Destination& to, const NetSettings& settings) {
    const double after_fin_s =
        to.no_timestamps ? time_wait_s : port_hold_s(settings, to.use.local, to.use.remote);
    if (to.fin_wait2 == 0)
        return after_fin_s;
    const double fin_wait2_s =
        std::clamp(static_cast<double>(settings.fin_timeout_s.value_or(60)), 1.0, time_wait_s);
    const auto began = static_cast<double>(to.fin_wait2);
    const double would_stay = began * std::min(1.0, fin_wait2_s / std::max(1.0, seen.seconds));
    double without_fin = fin_wait2_s < after_fin_s ? 1 : 0;
    if (to.counted)
        without_fin = std::min(1.0, to.use.fin_wait2 / would_stay);
    const double share = without_fin * began / static_cast<double>(to.time_wait);
    return share * fin_wait2_s + (1 - share) * after_fin_s;
}

} // namespace

std::vector<Destination> destinations(const Observations& seen) {
    Index index;
    add_counted(seen, index);
    add_seen(seen, index);
    // By namespace: counting the usable ports is slow.
    std::map<std::uint32_t, std::uint32_t> usable;
    for (const auto& [netns, facts] : seen.namespaces)
        usable[netns] = facts.settings ? facts.settings->usable_ports() : 0;
    std::vector<Destination> all;
    for (auto& [key, to] : index) {
        to.facts = seen.facts(to.netns);
        judge_timestamps(to);
        if (const NetSettings* settings = seen.settings(to.netns)) {
            to.usable = usable[to.netns];
            to.hold_s = hold_of(seen, to, *settings);
        }
        if (to.usable > 0)
            to.forecast_share = (to.use.open + seen.held(to.time_wait, to.hold_s)) / to.usable;
        all.push_back(to);
    }
    // Sorted, because hash tables have no order.
    std::sort(all.begin(), all.end(), [](const Destination& a, const Destination& b) {
        return std::tie(b.use.time_wait, a.netns, a.use.remote, a.use.port, a.use.local) <
               std::tie(a.use.time_wait, b.netns, b.use.remote, b.use.port, b.use.local);
    });
    return all;
}

bool Destination::in_use() const {
    return use.open > use.time_wait || (time_wait >= threshold::events_per_destination &&
                                        forecast_share >= threshold::ports_slowed);
}

bool Destination::is_short() const {
    if (usable == 0)
        return false;
    const bool leads_there =
        forecast_share >= threshold::ports_half && time_wait >= threshold::events;
    return leads_there || (share() >= threshold::ports_half && in_use());
}

std::vector<std::string> port_evidence(const Destination& to) {
    if (to.usable == 0 || to.use.taken() == 0)
        return {};
    std::vector<std::string> lines{fmt::format(
        "{} of {} local ports ({}) from {} to {} are taken: {} by TIME_WAIT{}, {} open",
        grouped(to.use.taken()), grouped(to.usable),
        percent(static_cast<double>(to.use.taken()) / to.usable), to_string(to.use.local),
        endpoint(to.use.remote, to.use.port), grouped(to.use.time_wait),
        to.use.fin_wait2 > 0 ? fmt::format(" ({} of them in FIN_WAIT2)", grouped(to.use.fin_wait2))
                             : "",
        grouped(to.use.open))};
    if (to.use.reusable > 0)
        lines.push_back(fmt::format("{} of them are reusable: connect() may take them over now "
                                    "(net.ipv4.tcp_tw_reuse); {} ({}) are not",
                                    grouped(to.use.reusable), grouped(to.use.held()),
                                    percent(to.share())));
    return lines;
}

std::vector<std::pair<std::string_view, double>> port_numbers(const Observations& seen,
                                                              const Destination& to) {
    return {{"usable", to.usable},
            {"taken", to.use.taken()},
            {"time_wait", to.use.time_wait},
            {"open", to.use.open},
            {"reusable", to.use.reusable},
            {"share", to.share()},
            {"rate", seen.rate(to.time_wait)}};
}

std::vector<std::string> port_fix(const Observations& seen, const Destination& to) {
    const bool mostly_open = to.use.open > to.use.time_wait;
    const bool reuse_helps = !to.no_timestamps && !to.mostly_fin_wait2();
    std::vector<std::string> lines;
    if (to.facts != nullptr && !mostly_open)
        lines = port_relief_lines(*to.facts, to.use.local, to.use.remote, reuse_helps);
    if (to.mostly_fin_wait2())
        lines.insert(lines.begin(),
                     fmt::format("# most are in FIN_WAIT2, until {} closes its side or "
                                 "net.ipv4.tcp_fin_timeout is over: let the program there close "
                                 "its side",
                                 endpoint(to.use.remote, to.use.port)));
    if (mostly_open)
        lines.push_back(fmt::format("# most are open connections: {}ss -tnp dst {} shows their "
                                    "processes; limit the pool, or add source or destination "
                                    "addresses",
                                    to.facts != nullptr ? to.facts->enter : "",
                                    endpoint(to.use.remote, to.use.port)));
    else if (lines.empty()) {
        Flow unknown;
        unknown.role = Role::Client;
        unknown.remote = to.use.remote;
        unknown.port = to.use.port;
        lines = keep_alive_lines(seen, to.busiest != nullptr ? *to.busiest : unknown);
    }
    return lines;
}

} // namespace twtrace::doctor
