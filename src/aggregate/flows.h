// The last minute, in the finest parts that a live view is put together from: which process closed
// on which peer. Groups of any kind are sums of these, so that changing the grouping forgets
// nothing.
//
// Memory is bounded. Where there are too many parts, the client addresses of a server and the pids
// of a client are given up first (a service whose every request is a process of its own), then
// everything but the number. What was silent for a minute has no socket in TIME_WAIT any more and
// is forgotten.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "aggregate/lifetimes.h"
#include "aggregate/minute.h"
#include "aggregate/ports_held.h"
#include "aggregate/rate_span.h"
#include "model/event.h"

namespace twtrace {

struct FlowKey {
    std::uint64_t instance = 0; ///< start time of the process; of no process: the service's hash
    std::uint32_t pid = 0;      ///< 0: not known, or several
    std::uint32_t netns = 0;
    Role role = Role::Unknown;
    std::uint16_t service_port = 0;
    Address local; ///< of clients only: each local address has ephemeral ports of its own
    Address remote;
    bool operator==(const FlowKey&) const = default;
};

struct FlowKeyHash {
    std::size_t operator()(const FlowKey& key) const;
};

/// One entry into TIME_WAIT, as a list of recent ones shows it.
struct RecentClose {
    std::uint64_t wall_ns = 0; ///< 0: none
    std::uint64_t lifetime_us = 0;
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;
    How how = How::Unknown;
    Stage stage = Stage::None;
    bool lifetime_known = false;
};

// What each picture reads of every flow comes first: the rest of it stays out of the caches.
struct Flow {
    FlowKey key;
    std::uint64_t in_minute = 0; ///< entries' sum
    std::uint64_t lately = 0;    ///< of the span that rates are over (RateSpan)
    std::uint64_t no_port_in_minute = 0;
    std::uint64_t no_port_lately = 0; ///< of the last 5 to 10 s
    std::string service;              ///< as Owner has it, else comm
    std::string unit;
    std::string container;      ///< id
    std::string container_name; ///< empty: there is none but the id
    std::string remote_service; ///< empty: not on this host, or not known
    std::string remote_name;    ///< empty: none, or not asked for
    Minute<60> entries;         ///< time-waits
    Minute<12> no_port;         ///< connects that found no free port
    std::string parent;         ///< name of the process that started it; empty: not known
    std::uint64_t total = 0;
    std::uint64_t fin_wait2 = 0; ///< of total
    std::array<std::uint64_t, TWTRACE_HOWS> how{};
    Lifetimes lifetimes;
    std::uint64_t halved_ns = 0;
    std::array<RecentClose, 8> recent{};
    std::size_t next_recent = 0;
    bool role_inferred = false;
    Reason no_port_reason = Reason::None; ///< of the last connect() without a port

    /// Entries a second of late; see Flows::covered_s().
    [[nodiscard]] double rate(double covered_s) const {
        return static_cast<double>(lately) / covered_s;
    }
    /// Lets the minute move on. rate_seconds: what `lately` is of, the running second included.
    void move_to(std::uint64_t now_ns, std::size_t rate_seconds);
};

struct FlowLimits {
    std::size_t fine = 16'384;
    std::size_t coarse = 4'096; ///< on top: with the address or the pid given up
};

class Flows {
  public:
    explicit Flows(std::uint64_t start_ns, FlowLimits limits = {})
        : limits_(limits), start_ns_(start_ns), now_ns_(start_ns), span_(start_ns) {}

    /// TimeWait and PortExhausted; of other types nothing is kept. now_ns: CLOCK_MONOTONIC, when it
    /// came.
    void add(const Event& event, std::uint64_t now_ns, std::uint32_t times = 1);
    /// Lets the minute move on, forgets what has become silent, and chooses the span of the rates.
    void age(std::uint64_t now_ns);

    /// What is known of ports: which are ephemeral, and one that was taken before the trace.
    void set_rules(const RulesByNetns& rules) { ports_.set_rules(rules); }
    void inherit(const HeldKey& key, const HeldPort& held) { ports_.inherit(key, held); }
    [[nodiscard]] const PortsHeld& ports() const { return ports_; }

    using Map = std::unordered_map<FlowKey, Flow, FlowKeyHash>;
    [[nodiscard]] const Map& all() const { return flows_; }
    [[nodiscard]] std::uint64_t now_ns() const { return now_ns_; }
    [[nodiscard]] double elapsed_s() const { return seconds_since(start_ns_); }
    /// The time that Flow::rate() is over.
    [[nodiscard]] double covered_s() const { return span_.length_s(now_ns_); }
    /// When it began (CLOCK_MONOTONIC).
    [[nodiscard]] std::uint64_t covered_from_ns() const { return span_.from_ns(); }

  private:
    static constexpr std::size_t most_held = 50'000;
    Flow& flow_of(const Event& event);
    Flow* find_or_make(const FlowKey& key, std::size_t limit);
    [[nodiscard]] double seconds_since(std::uint64_t ns) const {
        return static_cast<double>(now_ns_ - ns) / 1e9;
    }

    FlowLimits limits_;
    std::uint64_t start_ns_;
    std::uint64_t now_ns_;
    RateSpan span_;
    Map flows_;
    PortsHeld ports_{most_held};
};

} // namespace twtrace
