// Flows combined into groups, by the grouping that the user chose.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "aggregate/flows.h"
#include "aggregate/grouping.h"
#include "aggregate/key.h"

namespace twtrace {

struct FlowGroup {
    GroupKey key;
    std::vector<const Flow*> flows; ///< owned by Flows
    std::uint64_t entries = 0;      ///< of the last minute
    std::uint64_t no_port = 0;      ///< of the last minute
    double rate = 0;                ///< recent time-waits a second
    double present = 0;             ///< see NetnsScales
    /// GroupBy::Process: the number of processes that share this group.
    std::uint64_t processes = 1;
};

/// By network namespace: the share (0 to 1) of the last minute's entries that still is in
/// TIME_WAIT. The kernel reports only their number, not their owners: some are taken over by a new
/// connection (tcp_tw_reuse) or never made (tcp_max_tw_buckets). All groups are assumed to be
/// affected alike; absent: 1.
using NetnsScales = std::unordered_map<std::uint32_t, double>;

/// Entries of the last minute by network namespace.
std::unordered_map<std::uint32_t, std::uint64_t> entries_by_netns(const Flows& flows);

/// In no particular order. By process: processes of one name and one parent that closed few
/// connections share a group (aggregate/fold.h).
std::vector<FlowGroup> groups_of(const Flows& flows, GroupBy by, const NetnsScales& scales);

double scale_of(const NetnsScales& scales, std::uint32_t netns);

/// The last minute's entries by the second, newest first.
std::array<std::uint64_t, 60> by_second(const FlowGroup& group);

LifetimeSums lifetimes_of(const FlowGroup& group);

} // namespace twtrace
