// The BPF programs and their ring: open, set the filters, load, attach, read.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <numeric>
#include <vector>

#include "source/count_table.h"
#include "source/netns_table.h"
#include "source/source.h"
#include "twtrace/wire.h"
#include "util/port_set.h"
#include "util/result.h"

namespace twtrace {

/// Configuration of the kernel side; everything else is decided in user space.
struct LiveConfig {
    twtrace_config gate{};
    std::vector<std::uint32_t> pids; ///< at most 1024
    PortSet local_ports;
    PortSet remote_ports;
    std::vector<twtrace_cidr> local_cidrs; ///< at most TWTRACE_CIDRS
    std::vector<twtrace_cidr> remote_cidrs;
    std::uint32_t ring_bytes = 2U << 20; ///< a power of two, at least one page
    /// Number of TCP sockets on this host, by which the size of the store is chosen.
    std::uint64_t sockets = 0;
    bool ends = false; ///< also events of minisocks (source/ends.h)
};

/// Sum over all types of events.
inline std::uint64_t sum_over_types(const twtrace_u64 (&numbers)[TWTRACE_TYPES]) {
    return std::accumulate(std::begin(numbers), std::end(numbers), std::uint64_t{0});
}

class LiveSource {
  public:
    /// Loads and attaches. Errors name the missing privilege, kernel feature or setting.
    static Result<LiveSource> open(const LiveConfig& config);

    LiveSource(LiveSource&&) noexcept;
    LiveSource& operator=(LiveSource&&) noexcept;
    LiveSource(const LiveSource&) = delete;
    LiveSource& operator=(const LiveSource&) = delete;
    ~LiveSource();

    /// Passes every record that is in the ring now to the handler; returns their number.
    std::size_t drain(RecordHandler& handler);
    /// Makes the descriptor readable with the next event. Events whose record is being filled
    /// during this call may not wake it.
    void ask_for_wake_up();
    [[nodiscard]] int ring_fd() const;
    /// No new records after this; records in the ring can still be drained.
    void detach();

    [[nodiscard]] twtrace_stats stats() const;            ///< summed over the CPUs
    [[nodiscard]] std::uint64_t recursion_misses() const; ///< of the programs that classify
    [[nodiscard]] std::uint64_t ends_lost() const;        ///< of the events of LiveConfig::ends
    /// The events that the kernel side counted since the last call instead of sending them: events
    /// for which the ring was full, and passive closes as the gate is configured.
    [[nodiscard]] std::vector<OverflowCount> take_counted();
    /// Of these, passive closes counted in slots (source/passive_slots.h).
    [[nodiscard]] std::uint64_t counted_in_slots() const;
    /// Valid as long as this object.
    [[nodiscard]] NetnsTable namespaces() const;
    /// The processes that descend from LiveConfig::gate.tree_parent.
    [[nodiscard]] std::vector<twtrace_descendant> descendants() const;
    /// Whether this kernel counts TcpExt TW when the minisock ends (5.10), not when it is
    /// scheduled.
    [[nodiscard]] bool counts_time_wait_at_end() const;

  private:
    struct Impl;
    explicit LiveSource(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace twtrace
