// All data that a screen of top shows, at one moment.
//
// TIME_WAIT sockets have no owner, so the number of present ones of a group is an estimate: its
// entries of the last 60 s, which is how long TIME_WAIT lasts, scaled down if the kernel counts
// fewer of them in the namespace (some were taken over or never created). Until the trace is a
// minute old the kernel counts more: the rest is older than the trace and belongs to no group.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "account/accounting.h"
#include "aggregate/destinations.h"
#include "aggregate/flow_groups.h"
#include "aggregate/inherited.h"
#include "top/verdict.h"

namespace twtrace {

/// Data from sources other than events.
struct NamespaceLine {
    std::uint32_t inode = 0;
    std::string name;                     ///< name in tables; untrusted
    std::optional<std::uint64_t> present; ///< TIME_WAIT sockets now
    std::optional<std::uint64_t> limit;   ///< tcp_max_tw_buckets
};

struct Surroundings {
    std::string host;
    std::uint64_t wall_ns = 0;
    std::string replay; ///< position in a recording; empty: live
    std::vector<NamespaceLine> namespaces;
    RulesByNetns rules;
    Accounting accounting;
    bool filtered = false; ///< some entries are left out
    /// With a filter: all entries per second, of the last seconds; none: not known yet.
    std::optional<double> entering_unfiltered;
    struct Present {
        std::uint64_t at_ns = 0; ///< CLOCK_MONOTONIC
        std::uint64_t sockets = 0;
    };
    /// TIME_WAIT sockets in all namespaces, over the last seconds, newest last.
    std::vector<Present> present;
};

struct Picture {
    GroupBy by = GroupBy::Process;
    Surroundings around;
    double elapsed_s = 0;
    double covered_s = 1;
    double into_second = 0;        ///< elapsed part of the current second
    std::vector<FlowGroup> groups; ///< in no order; point into the flows of the picture
    double rate = 0;               ///< of all groups
    /// Entries and ends per second: their difference is the rate at which the number of TIME_WAIT
    /// sockets has changed over the span of the rates. none: not known yet.
    std::optional<double> entering;
    std::optional<double> leaving;
    std::uint64_t entries = 0;     ///< of the last minute
    std::optional<double> present; ///< TIME_WAIT sockets now, all namespaces; none: not known
    double unattributed = 0;       ///< of them: older than the trace, or left out by the filter
    std::unique_ptr<Destinations> destinations;
    Verdict verdict;
};

Picture make_picture(const Flows& flows, const Inherited& inherited, Surroundings around,
                     GroupBy by);

} // namespace twtrace
