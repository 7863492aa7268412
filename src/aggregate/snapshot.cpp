#include "aggregate/snapshot.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "aggregate/fold.h"

namespace twtrace {

namespace {

template <typename Value>
std::optional<Value> shared(const Common<Value>& common) {
    const Value* value = common.get();
    if (value == nullptr || *value == Value{})
        return std::nullopt;
    return *value;
}

// The workers of a proxy take their ports from one range, so the use of a peer counts the ports of
// all groups of a network namespace. Each source address has its own range; the one with the
// highest use is shown.
class WorstSources {
  public:
    struct Source {
        std::uint32_t netns = 0;
        Address local;
        PortCount count;
        std::uint32_t usable = 0;
        [[nodiscard]] double held_share() const { return count.held() / usable; }
        [[nodiscard]] double taken_share() const { return count.taken / usable; }
    };

    explicit WorstSources(const PortsHeld* held) {
        if (held == nullptr)
            return;
        held->each([&](const HeldKey& key, const PortCount& count, const auto& /*users*/) {
            if (const std::uint32_t usable = held->rules_of(key.netns).usable; usable > 0)
                sources_[{key.remote, key.port}].push_back({key.netns, key.local, count, usable});
        });
    }

    /// Fills the known values. netns: none: all namespaces, each with its own range.
    void fill(PeerRow& row, std::optional<std::uint32_t> netns, const PeerKey& peer) const {
        const auto found = sources_.find({peer.remote, peer.service_port});
        if (!peer.ours || found == sources_.end())
            return;
        const Source* worst = nullptr;
        for (const Source& source : found->second) {
            if (netns && source.netns != *netns)
                continue;
            row.several_sources =
                row.several_sources || (worst != nullptr && worst->local != source.local);
            if (worst == nullptr || rank(*worst) < rank(source))
                worst = &source;
        }
        if (worst == nullptr)
            return;
        row.port_use = std::min(1.0, worst->taken_share());
        row.port_use_reusable = std::min(*row.port_use, worst->count.reusable / worst->usable);
        if (worst->local.family != 0)
            row.port_use_source = worst->local;
    }

  private:
    static std::tuple<double, double, Address> rank(const Source& source) {
        return {source.held_share(), source.taken_share(), source.local};
    }

    std::map<std::pair<Address, std::uint16_t>, std::vector<Source>> sources_;
};

std::vector<PeerRow> peers_of(const Group& group, const WorstSources& sources, std::size_t limit) {
    std::vector<std::pair<PeerKey, PeerCount>> sorted;
    sorted.reserve(group.peers.size());
    for (const auto& [key, count] : group.peers)
        sorted.emplace_back(key, count);
    const std::size_t kept = std::min(limit, sorted.size());
    std::partial_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(kept),
                      sorted.end(), [](const auto& a, const auto& b) {
                          return std::tie(b.second.time_wait, a.first) <
                                 std::tie(a.second.time_wait, b.first);
                      });
    std::vector<PeerRow> rows;
    std::uint64_t rest = group.other_peers;
    for (std::size_t index = 0; index < sorted.size(); ++index) {
        const auto& [key, count] = sorted[index];
        if (index >= kept) {
            rest += count.time_wait;
            continue;
        }
        PeerRow row;
        row.remote = key.remote;
        if (key.service_port != 0)
            row.service_port = key.service_port;
        row.time_wait = count.time_wait;
        row.service = count.service != nullptr ? *count.service : std::string();
        row.name = count.name != nullptr ? *count.name : std::string();
        sources.fill(row, shared(group.netns), key);
        rows.push_back(row);
    }
    if (rest > 0) {
        PeerRow others;
        others.time_wait = rest;
        rows.push_back(others);
    }
    return rows;
}

GroupRow row_of(const Group& group, double duration_s, std::uint64_t all) {
    GroupRow row;
    row.is_other = group.is_other;
    row.pid = shared(group.pid);
    row.comm = shared(group.comm);
    row.process = shared(group.process);
    row.service = shared(group.service);
    row.unit = shared(group.unit);
    row.container = shared(group.container);
    row.program = shared(group.program);
    row.container_name = shared(group.container_name);
    row.pod = shared(group.pod);
    row.pod_namespace = shared(group.pod_namespace);
    row.workload = shared(group.workload);
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
                              const PortsHeld* held, bool fold) {
    std::vector<GroupRow> rows;
    const auto groups = aggregator.groups();
    const WorstSources sources(held);
    const auto append = [&](const Group& group, std::uint64_t processes) {
        GroupRow row = row_of(group, duration_s, aggregator.totals().time_wait);
        row.peers = peers_of(group, sources, peers);
        if (row.pid || processes > 1)
            row.processes = processes;
        rows.push_back(std::move(row));
    };
    if (fold && aggregator.by() == GroupBy::Process) {
        const FoldedGroups folded(groups);
        for (const FoldedGroups::Row& row : folded.rows())
            append(*row.group, row.processes);
        return rows;
    }
    for (const Group* group : groups)
        append(*group, 1);
    return rows;
}

void fill_rows(Snapshot& snapshot, const Aggregator& aggregator, std::size_t peers,
               const PortsHeld* held, bool fold) {
    snapshot.groups = rows_of(aggregator, snapshot.duration_s, peers, held, fold);
    snapshot.folded = std::any_of(snapshot.groups.begin(), snapshot.groups.end(),
                                  [](const GroupRow& row) { return row.processes > 1; });
}

} // namespace twtrace
