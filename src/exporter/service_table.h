// Events -> counters by service, in bounded memory. A service has its own counters while it is one
// of the busiest; all others share one row. Counters never fall as long as their row exists.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "model/event.h"

namespace twtrace {

/// The labels that Prometheus sees; each may be empty. The container's name is used if it is known,
/// because ids change with each restart.
struct ServiceKey {
    std::string service;
    std::string unit;
    std::string container;
    std::string pod_namespace = {};
    std::string workload = {};
    auto operator<=>(const ServiceKey&) const = default;
};

/// Counts in buckets with fixed bounds, not cumulative.
struct LifetimeCounts {
    static constexpr std::array<double, 9> bounds_s{0.001, 0.01, 0.1, 1, 10, 60, 300, 900, 3600};
    std::array<std::uint64_t, bounds_s.size() + 1> counts{}; ///< the last: above all bounds
    double sum_s = 0;

    void add(double lifetime_s, std::uint64_t times);
};

struct ServiceCounts {
    static constexpr std::size_t roles = 3;
    struct Entered {
        std::uint64_t count = 0;
        /// Entries retracted after they were counted. Counters never fall, so as many future ones
        /// are not counted instead.
        std::uint64_t not_to_count = 0;
    };
    std::array<std::array<Entered, TWTRACE_HOWS>, roles> entered{};
    std::array<LifetimeCounts, roles> lifetimes{};
    std::uint64_t port_exhausted = 0;
    std::uint64_t passive_close = 0;
    std::uint64_t aborted = 0;

    /// times: number of such events. More than one, passive closes and events for which the ring
    /// was full were only counted: they have no bytes, times and addresses. False: the event
    /// retracted an entry, or was left out in place of one.
    bool add(const Event& event, std::uint64_t times);
};

class ServiceTable {
  public:
    static constexpr std::uint32_t other_id = 0;
    static constexpr std::string_view other_name = "other";

    struct Row {
        std::uint32_t id = other_id; ///< never reused
        ServiceCounts counts;
        std::uint64_t last_ns = 0; ///< of its last event
        std::uint64_t recent = 0;  ///< recent events; older ones count less
    };

    /// limit: services with their own row. keep_ns: age at which a row without events is removed.
    ServiceTable(std::size_t limit, std::uint64_t keep_ns) : limit_(limit), keep_ns_(keep_ns) {}

    /// Returns the row's id.
    std::uint32_t add(const Event& event, std::uint64_t times, std::uint64_t now_ns);
    /// To be called about every ten seconds: removes idle rows, and replaces the row of a less
    /// active service by one that has become much busier.
    void rank(std::uint64_t now_ns);

    template <typename Visit>
    void each(Visit&& visit) const {
        for (const auto& [key, row] : rows_)
            visit(key, row);
        if (other_.last_ns != 0)
            visit(other_key(), other_);
    }

  private:
    struct View {
        std::string_view service;
        std::string_view unit;
        std::string_view container;
        std::string_view pod_namespace = {};
        std::string_view workload = {};
        [[nodiscard]] ServiceKey key() const {
            return {std::string(service), std::string(unit), std::string(container),
                    std::string(pod_namespace), std::string(workload)};
        }
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const ServiceKey& key) const {
            return (*this)(
                View{key.service, key.unit, key.container, key.pod_namespace, key.workload});
        }
        std::size_t operator()(const View& view) const;
    };
    struct Equal {
        using is_transparent = void;
        static auto tied(const auto& key) {
            return std::make_tuple(std::string_view(key.service), std::string_view(key.unit),
                                   std::string_view(key.container),
                                   std::string_view(key.pod_namespace),
                                   std::string_view(key.workload));
        }
        bool operator()(const auto& one, const auto& two) const { return tied(one) == tied(two); }
    };

    static const ServiceKey& other_key();
    static View view_of(const Event& event);
    Row& row_of(const View& view, std::uint64_t times);
    void promote_waiting();
    bool evict_idlest(std::uint64_t for_recent);

    std::size_t limit_;
    std::uint64_t keep_ns_;
    std::uint32_t next_id_ = other_id + 1;
    std::unordered_map<ServiceKey, Row, Hash, Equal> rows_;
    // The events of services that wait for a row.
    std::unordered_map<ServiceKey, std::uint64_t, Hash, Equal> waiting_;
    Row other_;
};

} // namespace twtrace
