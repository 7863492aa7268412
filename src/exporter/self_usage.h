// The exporter's own resource usage, under the names that Prometheus' client libraries use.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace twtrace {

/// None: could not be read.
struct SelfUsage {
    std::optional<double> cpu_s;
    std::optional<std::uint64_t> resident_bytes;
    std::optional<std::uint64_t> open_fds;
    std::optional<std::uint64_t> max_fds;
    std::optional<double> start_s; ///< since 1970
};

/// Processor time and memory include those of `children`. Their pages that are mapped from files
/// are those of this process, and are not counted again.
SelfUsage self_usage(const std::vector<pid_t>& children);

} // namespace twtrace
