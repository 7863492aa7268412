#include "exporter/exposition.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <map>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "exporter/metric_table.h"
#include "sink/summary_fields.h"
#include "util/text.h"
#include "util/version_number.h"

namespace twtrace {

namespace {

using Values = std::vector<std::string>;

prometheus::MetricType type_of(MetricKind kind) {
    switch (kind) {
    case MetricKind::Counter:
        return prometheus::MetricType::Counter;
    case MetricKind::Gauge:
        return prometheus::MetricType::Gauge;
    case MetricKind::Histogram:
        return prometheus::MetricType::Histogram;
    }
    return prometheus::MetricType::Untyped;
}

Values split(std::string_view list) {
    Values parts;
    while (!list.empty()) {
        const std::string_view part = list.substr(0, list.find(','));
        parts.emplace_back(part);
        list.remove_prefix(std::min(list.size(), part.size() + 1));
    }
    return parts;
}

// One metric's series while they are collected. Names that differ only in unprintable bytes become
// equal; their series are merged, because Prometheus rejects two with equal labels.
class Family {
  public:
    explicit Family(Metric metric) : row_(metric_table()[static_cast<std::size_t>(metric)]) {
        assert(row_.metric == metric);
    }

    prometheus::ClientMetric& at(const Values& values) {
        Values safe;
        std::transform(values.begin(), values.end(), std::back_inserter(safe),
                       [](const std::string& value) { return printable(value); });
        return series_[safe];
    }
    void count(const Values& values, std::uint64_t more) {
        at(values).counter.value += static_cast<double>(more);
    }
    void set(const Values& values, double value) { at(values).gauge.value = value; }
    template <typename Value>
    void set_known(const std::optional<Value>& value) {
        if (value && row_.kind == MetricKind::Counter)
            at({}).counter.value = static_cast<double>(*value);
        else if (value)
            set({}, static_cast<double>(*value));
    }

    void add_to(std::vector<prometheus::MetricFamily>& families) {
        if (series_.empty())
            return;
        const Values names = split(row_.labels);
        prometheus::MetricFamily family;
        family.name = row_.name;
        family.help = row_.help;
        family.type = type_of(row_.kind);
        for (auto& [values, metric] : series_) {
            assert(values.size() == names.size());
            for (std::size_t index = 0; index < names.size(); ++index)
                metric.label.push_back({names[index], values[index]});
            family.metric.push_back(std::move(metric));
        }
        families.push_back(std::move(family));
    }

  private:
    const MetricRow& row_;
    std::map<Values, prometheus::ClientMetric> series_;
};

constexpr std::array roles{Role::Unknown, Role::Client, Role::Server};
constexpr std::array hows{How::Unknown, How::Close, How::Shutdown, How::Exit, How::Kernel};

void add_lifetimes(const LifetimeCounts& counts, prometheus::ClientMetric::Histogram& histogram) {
    if (histogram.bucket.empty()) {
        for (const double bound : LifetimeCounts::bounds_s)
            histogram.bucket.push_back({0, bound});
        histogram.bucket.push_back({0, std::numeric_limits<double>::infinity()});
    }
    std::uint64_t cumulative = 0;
    for (std::size_t index = 0; index < counts.counts.size(); ++index) {
        cumulative += counts.counts[index];
        histogram.bucket[index].cumulative_count += cumulative;
    }
    histogram.sample_count += cumulative;
    histogram.sample_sum += counts.sum_s;
}

using Families = std::vector<prometheus::MetricFamily>;

void add_entered(const Observed& observed, Families& families) {
    Family entered(Metric::TimeWaitEntered);
    Family lifetimes(Metric::ConnectionLifetime);
    for (const auto& [key, row] : observed.services)
        for (const Role role : roles) {
            const auto at = static_cast<std::size_t>(role);
            const std::string role_name(name_of(role));
            for (const How how : hows)
                if (const auto& cell = row.counts.entered.at(at).at(static_cast<std::size_t>(how));
                    cell.count > 0)
                    entered.count({key.service, key.unit, key.container, key.pod_namespace,
                                   key.workload, role_name, std::string(name_of(how))},
                                  cell.count);
            const LifetimeCounts& counts = row.counts.lifetimes.at(at);
            if (std::any_of(counts.counts.begin(), counts.counts.end(),
                            [](std::uint64_t count) { return count > 0; }))
                add_lifetimes(counts, lifetimes.at({key.service, role_name}).histogram);
        }
    entered.add_to(families);
    lifetimes.add_to(families);
}

void add_service_counters(const Observed& observed, Families& families) {
    struct Row {
        Metric metric;
        std::uint64_t ServiceCounts::*count;
    };
    for (const auto& [metric, count] : {Row{Metric::PortExhausted, &ServiceCounts::port_exhausted},
                                        Row{Metric::PassiveClose, &ServiceCounts::passive_close},
                                        Row{Metric::AbortedClose, &ServiceCounts::aborted}}) {
        Family family(metric);
        for (const auto& [key, row] : observed.services)
            if (row.counts.*count > 0)
                family.count(
                    {key.service, key.unit, key.container, key.pod_namespace, key.workload},
                    row.counts.*count);
        family.add_to(families);
    }
}

void add_namespaces(const ObservedHost& host, std::size_t limit, Families& families) {
    Family sockets(Metric::TimeWaitSockets);
    Family limits(Metric::TimeWaitLimit);
    std::vector<std::pair<std::uint64_t, const std::string*>> sorted;
    for (const auto& [name, space] : host.namespaces)
        if (space.time_wait)
            sorted.emplace_back(*space.time_wait, &name);
    std::sort(sorted.begin(), sorted.end(), [](const auto& one, const auto& two) {
        return one.first == two.first ? *one.second < *two.second : one.first > two.first;
    });
    for (std::size_t index = 0; index < sorted.size(); ++index) {
        const auto& [time_wait, name] = sorted[index];
        if (index >= limit) {
            sockets.at({"other"}).gauge.value += static_cast<double>(time_wait);
            continue;
        }
        sockets.set({*name}, static_cast<double>(time_wait));
        if (const auto& max_sockets = host.namespaces.at(*name).limit)
            limits.set({*name}, static_cast<double>(*max_sockets));
    }
    sockets.add_to(families);
    limits.add_to(families);
}

struct PeerUse {
    std::string name;
    double ratio = 0;
    const ObservedPeer* peer = nullptr;
};

std::vector<PeerUse> uses_of(const Observed& observed, const ObservedHost& host) {
    std::vector<PeerUse> uses;
    const std::uint32_t default_ports = default_port_rules().usable;
    for (const ObservedPeer& peer : observed.peers) {
        const auto known = host.rules.find(peer.key.netns);
        const std::uint32_t ports =
            known == host.rules.end() ? default_ports : known->second.usable;
        if (ports == 0 || peer.count.taken == 0)
            continue;
        PeerRow row;
        row.remote = peer.key.remote;
        row.service_port = peer.key.port;
        uses.push_back({peer_text(row), std::min(1.0, peer.count.held() / ports), &peer});
    }
    return uses;
}

void add_port_use(const Observed& observed, std::vector<PeerUse> uses, std::size_t limit,
                  std::set<std::string>& shown, Families& families) {
    std::map<std::uint32_t, const std::string*> names;
    for (const auto& [key, row] : observed.services)
        names[row.id] = &key.service;
    // A shown peer is replaced only by one that is twice as full: a list that changes with each
    // scrape would create new series each time.
    const auto weight = [&](const PeerUse& use) {
        return use.ratio * (shown.contains(use.name) ? 2 : 1);
    };
    std::sort(uses.begin(), uses.end(), [&](const PeerUse& one, const PeerUse& two) {
        return std::make_pair(-weight(one), one.name) < std::make_pair(-weight(two), two.name);
    });
    shown.clear();
    Family family(Metric::EphemeralPortUse);
    for (const PeerUse& use : uses) {
        const bool own = shown.contains(use.name) || shown.size() < limit;
        if (own)
            shown.insert(use.name);
        for (const std::uint32_t id : use.peer->services) {
            const auto name = names.find(id);
            auto& value = family
                              .at({name == names.end() ? std::string(ServiceTable::other_name)
                                                       : *name->second,
                                   own ? use.name : "other", own ? use.peer->service : ""})
                              .gauge.value;
            value = std::max(value, use.ratio);
        }
    }
    family.add_to(families);
}

void add_host(const Observed& observed, const ObservedHost& host, Families& families) {
    const auto add = [&](Metric metric, const auto& value) {
        Family family(metric);
        family.set_known(value);
        family.add_to(families);
    };
    const Losses& losses = observed.losses;
    add(Metric::KernelTimeWait, losses.kernel());
    add(Metric::TimeWaitOverflow, std::optional(losses.overflow()));
    add(Metric::EventsLost, std::optional(losses.lost()));
    add(Metric::EventsMissed, std::optional(losses.missed()));
    add(Metric::EventsUnverified, std::optional(losses.unverified()));
    add(Metric::EventsUnaccounted, losses.unaccounted());
    add(Metric::EventsWithoutCloser, std::optional(losses.without_closer()));
    add(Metric::SocketsUntracked, std::optional(losses.untracked()));
    Family build(Metric::BuildInfo);
    build.set({TWTRACE_RELEASE, host.kernel}, 1);
    build.add_to(families);
    add(Metric::RenderSeconds, std::optional(host.render_s));
    add(Metric::ProcessCpuSeconds, host.self.cpu_s);
    add(Metric::ProcessResidentMemory, host.self.resident_bytes);
    add(Metric::ProcessOpenFds, host.self.open_fds);
    add(Metric::ProcessMaxFds, host.self.max_fds);
    add(Metric::ProcessStartTime, host.self.start_s);
}

} // namespace

std::string Exposition::text(const Observed& observed, const ObservedHost& host) {
    Families families;
    add_entered(observed, families);
    add_service_counters(observed, families);
    add_namespaces(host, limit_, families);
    add_port_use(observed, uses_of(observed, host), limit_, shown_peers_, families);
    add_host(observed, host, families);
    return prometheus::TextSerializer().Serialize(families);
}

} // namespace twtrace
