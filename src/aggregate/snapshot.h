// The data that every summary, report and metric is printed from.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "account/accounting.h"
#include "aggregate/aggregator.h"
#include "aggregate/ports_held.h"

namespace twtrace {

struct PeerRow {
    std::optional<Address> remote; ///< none: all the peers beyond the bound
    std::optional<std::uint16_t> service_port;
    std::uint64_t time_wait = 0;
    /// Share (0 to 1) of the usable ephemeral ports that all groups of the network namespace have
    /// taken towards this peer, from the source address with the highest share; none: none is
    /// taken, or the namespace's range is not known.
    std::optional<double> port_use;
    std::optional<double>
        port_use_reusable{};                  ///< part of port_use that connect() may take over now
    std::optional<Address> port_use_source{}; ///< that source address
    bool several_sources = false; ///< more than one source address takes ports towards it
    std::string service = {};     ///< of the peer, if it is on this host; empty: not known
    std::string name = {};        ///< of the address; empty: none, or not asked for
};

/// Present and ended minisocks (Ends).
struct EndsRow {
    std::uint64_t present = 0;
    std::uint64_t present_fin_wait2 = 0; ///< of present
    std::uint64_t started = 0;
    std::array<std::uint64_t, TWTRACE_REASONS> ended{}; ///< by enum Reason
    std::optional<std::uint64_t> connect_p50_us;
    std::optional<std::uint64_t> connect_p90_us;
    std::optional<std::uint64_t> syn_p50_us;
    std::optional<std::uint64_t> syn_p90_us;
};

struct EndsTotals {
    EndsRow row;
    /// Ends of minisocks that existed before the trace, or whose entries were lost.
    std::uint64_t unseen = 0;
    std::uint64_t lost = 0;      ///< records that were dropped because the ring was full
    std::uint64_t untracked = 0; ///< entries that did not fit in the table of present ones
    /// `present` is exactly the number that entered while tracing and still exists.
    bool exact = false;
};

struct GroupRow {
    bool is_other = false; ///< stands for all the groups beyond the bound
    std::optional<std::uint32_t> pid;
    std::optional<std::uint64_t> processes; ///< the number that this row stands for
    std::optional<std::string> comm;
    std::optional<std::string> process; ///< its name, not that of a thread
    std::optional<std::string> service;
    std::optional<std::string> unit;
    std::optional<std::string> container;
    std::optional<std::string> program;
    std::optional<std::string> container_name;
    std::optional<std::string> pod;
    std::optional<std::string> pod_namespace;
    std::optional<std::string> workload;
    std::optional<std::string> parent;  ///< name of the parent process
    std::optional<std::string> cmdline; ///< if it was requested
    std::optional<std::uint32_t> netns;
    std::optional<std::string> netns_name;
    std::optional<Role> role;
    std::optional<Address> remote; ///< if all of the group have the same peer
    std::optional<std::uint16_t> service_port;
    Counts counts;
    double rate = 0;  ///< time-waits a second
    double share = 0; ///< of all time-waits, 0 to 1
    std::array<std::uint64_t, TWTRACE_HOWS> how{};
    std::optional<std::uint64_t> lifetime_p50_us;
    std::optional<std::uint64_t> lifetime_p90_us;
    std::optional<std::uint64_t> lifetime_p99_us;
    std::optional<std::uint64_t> lifetime_max_us;
    std::vector<PeerRow> peers;          ///< most time-waits first
    std::shared_ptr<const EndsRow> ends; ///< none: there was no event of its minisocks
};

struct Snapshot {
    std::string host;
    std::string kernel;
    std::uint64_t start_wall_ns = 0;
    std::uint64_t end_wall_ns = 0;
    double duration_s = 0; ///< not the difference of the times: the wall clock may be set meanwhile
    GroupBy by = GroupBy::Process;
    Counts totals;
    Accounting accounting;
    std::optional<EndsTotals> ends; ///< none: not requested
    std::vector<GroupRow> groups;   ///< most time-waits first
    bool folded = false;            ///< one of them stands for several processes
};

EndsRow row_of(const Ends& ends);

/// Turns groups into rows with at most `peers` peers each. held: the ports taken, moved to the end
/// of the snapshot; null: not known. fold: processes of one name that closed few connections share
/// a row (aggregate/fold.h).
std::vector<GroupRow> rows_of(const Aggregator& aggregator, double duration_s, std::size_t peers,
                              const PortsHeld* held = nullptr, bool fold = false);
/// Fills the rows of a snapshot whose duration is set.
void fill_rows(Snapshot& snapshot, const Aggregator& aggregator, std::size_t peers,
               const PortsHeld* held, bool fold);

} // namespace twtrace
