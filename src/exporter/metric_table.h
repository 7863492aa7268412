// The table of metrics: names, types, help and labels of everything that /metrics shows. Only names
// of counters end with _total; help is a sentence.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace twtrace {

enum class Metric : std::size_t {
    TimeWaitEntered,
    PortExhausted,
    PassiveClose,
    AbortedClose,
    ConnectionLifetime,
    TimeWaitSockets,
    TimeWaitLimit,
    EphemeralPortUse,
    KernelTimeWait,
    TimeWaitOverflow,
    EventsLost,
    EventsMissed,
    EventsUnverified,
    EventsUnaccounted,
    EventsWithoutCloser,
    SocketsUntracked,
    BuildInfo,
    RenderSeconds,
    ProcessCpuSeconds,
    ProcessResidentMemory,
    ProcessOpenFds,
    ProcessMaxFds,
    ProcessStartTime,
};

enum class MetricKind { Counter, Gauge, Histogram };

struct MetricRow {
    Metric metric;
    std::string_view name;
    MetricKind kind;
    std::string_view labels; ///< "service,unit,container"; values are given in this order
    std::string_view help;
};

/// In the order of enum Metric.
std::span<const MetricRow> metric_table();

std::string_view name_of(MetricKind kind);

} // namespace twtrace
