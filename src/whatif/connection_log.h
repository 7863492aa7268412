// The connections of a span, by process and peer: the input of the predictions. Memory is bounded:
// of a span with more connections the first part is kept, and its length is known.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/event.h"
#include "whatif/pool.h"

namespace twtrace::whatif {

struct FlowId {
    std::uint32_t netns = 0;
    Role role = Role::Unknown;
    std::string service;
    Address local;          ///< of clients: ports are per source address
    Address remote;         ///< of clients; none: a server's
    std::uint16_t port = 0; ///< of the listening side
    auto operator<=>(const FlowId&) const = default;
};

struct FlowLog {
    std::uint64_t time_wait = 0;
    std::uint64_t passive_close = 0; ///< the peer closed first
    std::uint64_t aborted = 0;
    std::uint64_t no_port = 0;            ///< connect() found no port
    std::uint64_t without_times = 0;      ///< opened before the span, or only counted
    std::uint64_t without_timestamps = 0; ///< of time_wait: tcp_tw_reuse can't take them over
    std::string remote_service;           ///< of a client; empty: not on this host, or not known
    std::vector<Connection> connections;  ///< those with both times
    /// Of a server: for each client address the closes by this side, and all openings.
    std::map<Address, std::vector<Connection>> by_client;

    [[nodiscard]] std::uint64_t closes() const { return time_wait + passive_close + aborted; }
};

class ConnectionLog {
  public:
    /// limit: connections kept, 24 bytes each.
    explicit ConnectionLog(std::size_t limit = 4'000'000) : limit_(limit) {}

    void add(const Event& event, std::uint64_t times = 1);

    [[nodiscard]] const std::map<FlowId, FlowLog>& flows() const { return flows_; }
    /// End of the kept connections (CLOCK_MONOTONIC); 0: all were kept.
    [[nodiscard]] std::uint64_t kept_until_ns() const { return kept_until_ns_; }
    /// The seconds of a span of this length that the kept connections cover.
    [[nodiscard]] double kept_seconds_of(double seconds) const {
        return kept_until_ns_ == 0 || last_ns_ <= first_ns_
                   ? seconds
                   : seconds * static_cast<double>(kept_until_ns_ - first_ns_) /
                         static_cast<double>(last_ns_ - first_ns_);
    }
    [[nodiscard]] std::uint64_t beyond() const { return beyond_; } ///< events without a flow

  private:
    static constexpr std::size_t max_flows = 10'000;
    std::size_t limit_;
    std::size_t kept_ = 0;
    std::map<FlowId, FlowLog> flows_;
    std::uint64_t kept_until_ns_ = 0;
    std::uint64_t first_ns_ = 0; // of the events
    std::uint64_t last_ns_ = 0;
    std::uint64_t beyond_ = 0;
};

} // namespace twtrace::whatif
