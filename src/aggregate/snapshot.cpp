#include "aggregate/snapshot.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace twtrace {

namespace {

// TCP_TIMEWAIT_LEN (include/net/tcp.h): what entered longer ago than this holds no port any more.
constexpr double time_wait_s = 60;

template <typename Value>
std::optional<Value> shared(const Common<Value>& common) {
    const Value* value = common.get();
    if (value == nullptr || *value == Value{})
        return std::nullopt;
    return *value;
}

// The workers of a proxy take their ports from one range: what counts towards a peer is what all
// groups of a network namespace hold, not one group's part.
class PortUse {
  public:
    PortUse(const std::vector<const Group*>& groups, double duration_s,
            std::uint32_t ephemeral_ports)
        : still_held_(std::min(1.0, time_wait_s / std::max(duration_s, 1e-3))),
          ephemeral_ports_(ephemeral_ports) {
        for (const Group* group : groups)
            for (const auto& [key, count] : group->peers)
                if (key.ours)
                    held_[{netns_of(*group), key}] += count.time_wait;
    }

    /// 0 to 1; none where the peer's connections take no ephemeral port of ours.
    [[nodiscard]] std::optional<double> towards(const Group& group, const PeerKey& peer) const {
        if (!peer.ours || ephemeral_ports_ == 0)
            return std::nullopt;
        const auto present = static_cast<double>(held_.at({netns_of(group), peer})) * still_held_;
        return std::min(1.0, present / ephemeral_ports_);
    }

  private:
    static std::uint32_t netns_of(const Group& group) {
        return shared(group.netns).value_or(0); // several: taken as one
    }

    std::map<std::pair<std::uint32_t, PeerKey>, std::uint64_t> held_;
    double still_held_;
    std::uint32_t ephemeral_ports_;
};

std::vector<PeerRow> peers_of(const Group& group, const PortUse& port_use, std::size_t most) {
    std::vector<std::pair<PeerKey, std::uint64_t>> sorted;
    sorted.reserve(group.peers.size());
    for (const auto& [key, count] : group.peers)
        sorted.emplace_back(key, count.time_wait);
    const std::size_t kept = std::min(most, sorted.size());
    std::partial_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(kept),
                      sorted.end(), [](const auto& a, const auto& b) {
                          return std::tie(b.second, a.first) < std::tie(a.second, b.first);
                      });
    std::vector<PeerRow> rows;
    std::uint64_t rest = group.other_peers;
    for (std::size_t index = 0; index < sorted.size(); ++index) {
        const auto& [key, count] = sorted[index];
        if (index >= kept) {
            rest += count;
            continue;
        }
        PeerRow row;
        row.remote = key.remote;
        if (key.service_port != 0)
            row.service_port = key.service_port;
        row.time_wait = count;
        row.port_use = port_use.towards(group, key);
        rows.push_back(row);
    }
    if (rest > 0)
        rows.push_back({std::nullopt, std::nullopt, rest, std::nullopt});
    return rows;
}

GroupRow row_of(const Group& group, double duration_s, std::uint64_t all) {
    GroupRow row;
    row.is_other = group.is_other;
    row.pid = shared(group.pid);
    row.comm = shared(group.comm);
    row.service = shared(group.service);
    row.unit = shared(group.unit);
    row.container = shared(group.container);
    row.parent = shared(group.parent);
    row.cmdline = shared(group.cmdline);
    row.netns = shared(group.netns);
    row.netns_name = shared(group.netns_name);
    row.role = shared(group.role);
    row.remote = shared(group.remote);
    row.service_port = shared(group.service_port);
    row.counts = group.counts;
    row.rate = duration_s > 0 ? static_cast<double>(group.counts.time_wait) / duration_s : 0;
    row.share =
        all > 0 ? static_cast<double>(group.counts.time_wait) / static_cast<double>(all) : 0;
    row.how = group.how;
    if (group.lifetime_us) {
        row.lifetime_p50_us = group.lifetime_us->quantile(0.5);
        row.lifetime_p90_us = group.lifetime_us->quantile(0.9);
        row.lifetime_p99_us = group.lifetime_us->quantile(0.99);
        row.lifetime_max_us = group.lifetime_us->max();
    }
    if (group.ends)
        row.ends = std::make_shared<EndsRow>(row_of(*group.ends));
    return row;
}

} // namespace

EndsRow row_of(const Ends& ends) {
    EndsRow row;
    row.present = ends.present;
    row.present_fin_wait2 = ends.fin_wait2;
    row.started = ends.started;
    row.ended = ends.ended;
    row.connect_p50_us = ends.connect_us.quantile(0.5);
    row.connect_p90_us = ends.connect_us.quantile(0.9);
    row.syn_p50_us = ends.syn_us.quantile(0.5);
    row.syn_p90_us = ends.syn_us.quantile(0.9);
    return row;
}

std::vector<GroupRow> rows_of(const Aggregator& aggregator, double duration_s, std::size_t peers,
                              std::uint32_t ephemeral_ports) {
    std::vector<GroupRow> rows;
    const auto groups = aggregator.groups();
    const PortUse port_use(groups, duration_s, ephemeral_ports);
    for (const Group* group : groups) {
        GroupRow row = row_of(*group, duration_s, aggregator.totals().time_wait);
        row.peers = peers_of(*group, port_use, peers);
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace twtrace
