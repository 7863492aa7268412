// The exporter's own resource usage, under the names that Prometheus' client libraries use.
#pragma once

#include <cstdint>
#include <optional>

namespace twtrace {

/// None: could not be read.
struct SelfUsage {
    std::optional<double> cpu_s;
    std::optional<std::uint64_t> resident_bytes;
    std::optional<std::uint64_t> open_fds;
    std::optional<std::uint64_t> max_fds;
    std::optional<double> start_s; ///< since 1970
};

SelfUsage self_usage();

} // namespace twtrace
