// The last minute by flow: which process closed connections to which peer. Groups of any kind are
// sums of flows, so that changing the grouping loses nothing.
//
// Memory is bounded. If there are too many flows, the client addresses of a server and the pids of
// a client are dropped first (a service may start a process for each request), then everything but
// the number. A flow without events for a minute has no socket in TIME_WAIT any more and is
// removed.
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
    /// Start time of the process; without a process, the service's hash.
    std::uint64_t instance = 0;
    std::uint32_t pid = 0; ///< 0: not known, or several
    std::uint32_t netns = 0;
    Role role = Role::Unknown;
    std::uint16_t service_port = 0;
    Address local; ///< of clients only: each local address has its own ephemeral ports
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

// The members that every refresh reads come first, so that the others stay out of the CPU caches.
struct Flow {
    FlowKey key;
    std::uint64_t in_minute = 0;      ///< sum of `entries`
    std::uint64_t recent_entries = 0; ///< within the span of RateSpan
    std::uint64_t no_port_in_minute = 0;
    std::uint64_t recent_no_port = 0; ///< of the last 5 to 10 s
    std::string service;              ///< as Owner has it, else comm
    std::string unit;
    std::string container;      ///< id
    std::string container_name; ///< empty: only the id is known
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
    Reason no_port_reason = Reason::None; ///< of the last connect() that found no port

    /// Recent entries a second; see Flows::covered_s().
    [[nodiscard]] double rate(double covered_s) const {
        return static_cast<double>(recent_entries) / covered_s;
    }
    /// Advances the minute. rate_seconds: length of `recent_entries`, with the current second.
    void move_to(std::uint64_t now_ns, std::size_t rate_seconds);
};

struct FlowLimits {
    std::size_t fine = 16'384;
    std::size_t coarse = 4'096; ///< in addition: those without the address or the pid
};

class Flows {
  public:
    explicit Flows(std::uint64_t start_ns, FlowLimits limits = {})
        : limits_(limits), start_ns_(start_ns), now_ns_(start_ns), span_(start_ns) {}

    /// Keeps TimeWait and PortExhausted events only. now_ns: CLOCK_MONOTONIC, when the event
    /// arrived.
    void add(const Event& event, std::uint64_t now_ns, std::uint32_t times = 1);
    /// Advances the minute, removes flows without recent events, and chooses the span of the rates.
    void age(std::uint64_t now_ns);

    /// Which ports are ephemeral, and ports that were taken before the trace.
    void set_rules(const RulesByNetns& rules) { ports_.set_rules(rules); }
    void inherit(const HeldKey& key, const HeldPort& held) { ports_.inherit(key, held); }
    [[nodiscard]] const PortsHeld& ports() const { return ports_; }

    using Map = std::unordered_map<FlowKey, Flow, FlowKeyHash>;
    [[nodiscard]] const Map& all() const { return flows_; }
    [[nodiscard]] std::uint64_t now_ns() const { return now_ns_; }
    [[nodiscard]] double elapsed_s() const { return seconds_since(start_ns_); }
    /// The length of the span that Flow::rate() is computed over.
    [[nodiscard]] double covered_s() const { return span_.length_s(now_ns_); }
    /// When it began (CLOCK_MONOTONIC).
    [[nodiscard]] std::uint64_t covered_from_ns() const { return span_.from_ns(); }

  private:
    static constexpr std::size_t max_held = 50'000;
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
    PortsHeld ports_{max_held};
};

} // namespace twtrace
