#include "whatif/predict.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "model/tcp_state.h"
#include "ports/port_rules.h"
#include "ports/wider_range.h"

namespace twtrace::whatif {

namespace {

constexpr double time_wait_s = time_wait_ms / 1000.0;
constexpr std::uint64_t idle_ns = 60'000'000'000;
constexpr std::uint64_t largest_pool = 1024;
constexpr double share_of_gain = 0.9;

struct Scene {
    const FlowId& id;
    const FlowLog& flow;
    const NetSettings* settings;
    double seconds;
    double kept_seconds;

    [[nodiscard]] double rate(std::uint64_t times) const {
        return seconds > 0 ? static_cast<double>(times) / seconds : 0;
    }
    [[nodiscard]] bool is_client() const { return id.role == Role::Client; }
    [[nodiscard]] double hold_s() const {
        if (settings == nullptr || !reuse_applies(*settings, id.local, id.remote))
            return time_wait_s;
        return hold_with_reuse_s();
    }
    // Share of the closes whose TIME_WAIT connect() may take over.
    [[nodiscard]] double with_timestamps() const {
        if (settings != nullptr && settings->timestamps == 0U)
            return 0;
        return flow.time_wait == 0 ? 1
                                   : 1 - static_cast<double>(flow.without_timestamps) /
                                             static_cast<double>(flow.time_wait);
    }
    // On average.
    [[nodiscard]] double hold_with_reuse_s() const {
        const double share = with_timestamps();
        return share * static_cast<double>(reuse_delay_ms(*settings)) / 1000 +
               (1 - share) * time_wait_s;
    }
    // Wanted connections per second that end on this side: those that closed, and those that found
    // no port.
    [[nodiscard]] double wanted() const { return rate(flow.time_wait + flow.no_port); }
    [[nodiscard]] std::uint32_t usable() const {
        return settings != nullptr ? settings->usable_ports() : 0;
    }
};

// Ports: those that are taken and not reusable if this rate lasts.
Effect effect_of(const Scene& scene, double closes_per_s, double open, double hold_s,
                 double usable) {
    Effect effect;
    effect.closes_per_s = closes_per_s;
    if (!scene.is_client())
        return effect;
    effect.ports = open + closes_per_s * hold_s;
    if (usable <= 0)
        return effect;
    effect.port_share = std::min(1.0, effect.ports / usable);
    if (effect.ports > usable && closes_per_s > 0) {
        effect.run_out_s = std::max(0.0, usable - open) / closes_per_s;
        const double surplus = effect.ports / hold_s - usable / hold_s;
        effect.failed_connects = static_cast<std::uint64_t>(
            std::max(0.0, scene.seconds - *effect.run_out_s) * std::max(0.0, surplus));
    }
    return effect;
}

// With more ports, or ports that are free sooner, connects that failed today succeed.
Effect effect_of_ports(const Scene& scene, double open, double hold_s, double usable) {
    Effect effect = effect_of(scene, scene.wanted(), open, hold_s, usable);
    if (usable > 0)
        effect.closes_per_s = std::min(effect.closes_per_s, usable / hold_s);
    return effect;
}

constexpr double min_port_share = 0.01; // of the usable ones

// A remedy that provides ports does not help if there are enough.
void judge_port_remedy(const Scene& scene, Remedy& remedy) {
    const double share =
        effect_of(scene, scene.wanted(), 0, scene.hold_s(), scene.usable()).port_share.value_or(0);
    if (scene.flow.no_port > 0 || share >= min_port_share)
        return;
    remedy.helps = false;
    remedy.caveat = "no effect here: ports are not short";
}

std::string request_limit_caveat(double rate) {
    return fmt::format(
        "a limit of requests per connection, on either side, adds {:.1f} closes/s at "
        "1,000 requests",
        rate / 1000);
}

Remedy pool_remedy(const Scene& scene, const Timeline& timeline, const Pool& pool) {
    const PoolResult played = timeline.play(pool);
    const double closes = static_cast<double>(played.closed()) / scene.kept_seconds;
    Remedy remedy;
    remedy.id = "pool";
    remedy.pool = pool;
    remedy.title =
        fmt::format("keep-alive: a pool of {} idle connection{}, {:g} s", pool.idle_connections,
                    pool.idle_connections == 1 ? "" : "s", static_cast<double>(pool.idle_ns) / 1e9);
    remedy.effect = effect_of(scene, closes, static_cast<double>(played.max_open), scene.hold_s(),
                              scene.usable());
    remedy.effect.handshakes_saved_per_s = static_cast<double>(played.reused) / scene.kept_seconds;
    remedy.caveat = request_limit_caveat(scene.rate(scene.flow.closes()));
    if (played.reused == 0) {
        remedy.helps = false;
        remedy.caveat = timeline.some_process_made_several()
                            ? "no effect here: no connection was free when the next one was opened"
                            : "no effect here: each process makes one connection";
    }
    return remedy;
}

// The smallest pool with nine tenths of the gain of the largest, and with enough ports if the
// largest has enough.
Remedy best_pool(const Scene& scene, const Timeline& timeline) {
    Remedy largest = pool_remedy(scene, timeline, {largest_pool, idle_ns});
    for (std::uint64_t size = 1; size < largest_pool; size *= 2) {
        Remedy remedy = pool_remedy(scene, timeline, {size, idle_ns});
        const bool has_gain = remedy.effect.handshakes_saved_per_s >=
                              share_of_gain * largest.effect.handshakes_saved_per_s;
        if (has_gain && (!remedy.effect.run_out_s || largest.effect.run_out_s))
            return remedy;
    }
    return largest;
}

std::string reuse_caveat(double with_timestamps) {
    const std::string rest = "; the closes remain";
    if (with_timestamps < 0.995)
        return fmt::format("{:.0f} % of these connections have TCP timestamps, without which it "
                           "does nothing{}",
                           100 * with_timestamps, rest);
    return "only where both sides use TCP timestamps, as these connections do" + rest;
}

void add_reuse(const Scene& scene, double open, std::vector<Remedy>& remedies) {
    if (scene.settings == nullptr || !scene.settings->tw_reuse ||
        reuse_applies(*scene.settings, scene.id.local, scene.id.remote))
        return;
    Remedy remedy;
    remedy.id = "tw-reuse";
    remedy.title = "net.ipv4.tcp_tw_reuse=1";
    remedy.effect = effect_of_ports(scene, open, scene.hold_with_reuse_s(), scene.usable());
    remedy.caveat = reuse_caveat(scene.with_timestamps());
    judge_port_remedy(scene, remedy);
    if (scene.with_timestamps() < 0.01) {
        remedy.helps = false;
        remedy.caveat = "no effect here: these connections have no TCP timestamps";
    }
    remedies.push_back(std::move(remedy));
}

void add_range(const Scene& scene, double open, std::vector<Remedy>& remedies) {
    if (scene.usable() == 0)
        return;
    NetSettings then = *scene.settings;
    then.ephemeral = wider_range(then.ephemeral);
    const std::uint32_t usable = then.usable_ports();
    if (usable <= scene.usable())
        return;
    Remedy remedy;
    remedy.id = "port-range";
    remedy.title =
        fmt::format("ip_local_port_range {} {}", then.ephemeral.first, then.ephemeral.last);
    remedy.effect = effect_of_ports(scene, open, scene.hold_s(), usable);
    remedy.caveat = "reserve the ports that services listen on; the closes remain";
    judge_port_remedy(scene, remedy);
    remedies.push_back(std::move(remedy));
}

void add_addresses(const Scene& scene, double open, std::vector<Remedy>& remedies) {
    if (scene.usable() == 0)
        return;
    Remedy remedy;
    remedy.id = "addresses";
    remedy.title = "one more source or destination address";
    remedy.effect = effect_of_ports(scene, open, scene.hold_s(), 2.0 * scene.usable());
    remedy.caveat = "the connections have to be spread evenly; the closes remain";
    judge_port_remedy(scene, remedy);
    remedies.push_back(std::move(remedy));
}

void add_peer_first(const Scene& scene, double open, std::vector<Remedy>& remedies) {
    Remedy remedy;
    remedy.id = "peer-closes-first";
    remedy.title = "the peer closes first";
    remedy.effect = effect_of(scene, 0, open, scene.hold_s(), scene.usable());
    remedy.caveat = "the TIME_WAIT is then the peer's, and so is its limit; the handshakes remain";
    remedies.push_back(std::move(remedy));
}

void add_fin_timeout(const Scene& scene, const Effect& today, std::vector<Remedy>& remedies) {
    if (!scene.is_client() && scene.flow.time_wait == 0)
        return;
    Remedy remedy;
    remedy.id = "fin-timeout";
    remedy.title = "net.ipv4.tcp_fin_timeout";
    remedy.effect = today;
    remedy.caveat = "no effect: it does not set the length of TIME_WAIT, which is 60 s";
    remedy.helps = false;
    remedies.push_back(std::move(remedy));
}

struct Followed {
    std::uint64_t yes = 0;
    std::uint64_t no = 0; ///< not counted in either: closes whose time is not over at the end
};

// A close by the server was unnecessary if the same client connected again within the time.
Followed followed_within(const std::map<Address, std::vector<Connection>>& by_client,
                         std::uint64_t within_ns) {
    Followed followed;
    std::uint64_t end_ns = 0;
    for (const auto& [client, connections] : by_client)
        for (const Connection& one : connections)
            end_ns = std::max(end_ns, one.close_ns);
    for (const auto& [client, connections] : by_client) {
        std::vector<std::uint64_t> opens;
        opens.reserve(connections.size());
        for (const Connection& one : connections)
            opens.push_back(one.open_ns);
        std::sort(opens.begin(), opens.end());
        std::vector<std::uint64_t> closes;
        closes.reserve(connections.size());
        for (const Connection& one : connections)
            closes.push_back(one.close_ns);
        std::sort(closes.begin(), closes.end());
        // Each opening replaces at most one close.
        std::size_t next = 0;
        for (const std::uint64_t close : closes) {
            while (next < opens.size() && opens[next] < close)
                ++next;
            if (next < opens.size() && opens[next] - close <= within_ns) {
                ++followed.yes;
                ++next;
            } else if (end_ns - close > within_ns) {
                ++followed.no;
            }
        }
    }
    return followed;
}

void add_server_keep_alive(const Scene& scene, const Pool& pool, std::vector<Remedy>& remedies) {
    const Followed followed = followed_within(scene.flow.by_client, pool.idle_ns);
    const std::uint64_t judged = followed.yes + followed.no;
    const double share =
        judged > 0 ? static_cast<double>(followed.yes) / static_cast<double>(judged) : 0;
    Remedy remedy;
    remedy.id = "keepalive-timeout";
    remedy.title = fmt::format("keep idle connections of clients for {:g} s, without a limit of "
                               "requests",
                               static_cast<double>(pool.idle_ns) / 1e9);
    remedy.effect =
        effect_of(scene, scene.rate(scene.flow.time_wait) * (1 - share), 0, scene.hold_s(), 0);
    remedy.effect.handshakes_saved_per_s = static_cast<double>(followed.yes) / scene.kept_seconds;
    remedy.caveat = "only if the clients keep their connections open too (no Connection: close)";
    if (followed.yes == 0) {
        remedy.helps = false;
        remedy.caveat = fmt::format("no effect here: no client connected again within {:g} s",
                                    static_cast<double>(pool.idle_ns) / 1e9);
    }
    remedies.push_back(std::move(remedy));
}

} // namespace

double gain(const Effect& today, const Effect& then) {
    constexpr double range_per_s = 28'232 / time_wait_s; // allowed by the default range
    return today.closes_per_s - then.closes_per_s + then.handshakes_saved_per_s +
           range_per_s * (today.port_share.value_or(0) - then.port_share.value_or(0));
}

Prediction predict(const FlowId& id, const FlowLog& flow, const NetSettings* settings,
                   const Question& question) {
    const Scene scene{id, flow, settings, question.seconds, std::max(1e-9, question.kept_seconds)};
    Prediction prediction;
    prediction.flow = id;
    prediction.remote_service = flow.remote_service;
    prediction.closes = flow.closes();
    if (id.role == Role::Server) {
        prediction.today = effect_of(scene, scene.rate(flow.time_wait), 0, scene.hold_s(), 0);
        add_server_keep_alive(scene, question.pool.value_or(Pool{0, idle_ns}), prediction.remedies);
        add_fin_timeout(scene, prediction.today, prediction.remedies);
        return prediction;
    }
    const Timeline timeline(flow.connections);
    const auto open = static_cast<double>(timeline.max_open());
    prediction.today =
        effect_of(scene, scene.rate(flow.time_wait), open, scene.hold_s(), scene.usable());
    prediction.today.failed_connects = flow.no_port;
    auto& remedies = prediction.remedies;
    remedies.push_back(question.pool ? pool_remedy(scene, timeline, *question.pool)
                                     : best_pool(scene, timeline));
    if (flow.time_wait > 0) {
        add_reuse(scene, open, remedies);
        add_range(scene, open, remedies);
        add_addresses(scene, open, remedies);
        add_peer_first(scene, open, remedies);
        add_fin_timeout(scene, prediction.today, remedies);
    }
    std::stable_sort(remedies.begin(), remedies.end(), [&](const Remedy& a, const Remedy& b) {
        if (a.helps != b.helps)
            return a.helps;
        return gain(prediction.today, a.effect) > gain(prediction.today, b.effect);
    });
    return prediction;
}

} // namespace twtrace::whatif
