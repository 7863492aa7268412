// The events between one service and one destination, or at one listening port.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>

#include "model/address.h"
#include "model/event.h"

namespace twtrace::doctor {

/// Durations by powers of two: 160 bytes each, because there may be thousands of flows.
class Lifetimes {
  public:
    void add(std::uint64_t us) {
        ++counts_[std::min<std::size_t>(std::bit_width(us), counts_.size() - 1)];
        ++count_;
    }
    void add(const Lifetimes& other) {
        for (std::size_t index = 0; index < counts_.size(); ++index)
            counts_[index] += other.counts_[index];
        count_ += other.count_;
    }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// The power of two that half of them are below: the median is at least half of it, so limits
    /// have to be powers of two. None: there are no durations.
    [[nodiscard]] std::optional<std::uint64_t> median_below_us() const {
        std::uint64_t seen = 0;
        for (std::size_t index = 0; index < counts_.size(); ++index) {
            seen += counts_[index];
            if (count_ > 0 && 2 * seen >= count_)
                return std::uint64_t{1} << index;
        }
        return std::nullopt;
    }

  private:
    std::array<std::uint32_t, 40> counts_{}; // by bit width: up to six days
    std::uint64_t count_ = 0;
};

/// Measures whether events come at regular intervals.
class Regularity {
  public:
    void add(std::uint64_t at_ns) {
        if (times_ > 0 && at_ns > last_ns_) {
            const double gap = static_cast<double>(at_ns - last_ns_) / 1e9;
            sum_ += gap;
            squares_ += gap * gap;
        }
        last_ns_ = std::max(last_ns_, at_ns);
        ++times_;
    }
    [[nodiscard]] std::uint64_t times() const { return times_; }
    [[nodiscard]] double span_s() const { return sum_; } ///< from the first to the last
    [[nodiscard]] double interval_s() const {
        return times_ > 1 ? sum_ / static_cast<double>(times_ - 1) : 0;
    }
    /// Standard deviation of the intervals over their mean: 0 for a clock, 1 for chance (Poisson).
    [[nodiscard]] double variation() const {
        const double mean = interval_s();
        if (mean <= 0)
            return 0;
        const double square = squares_ / static_cast<double>(times_ - 1) / (mean * mean);
        return std::sqrt(std::max(0.0, square - 1));
    }

  private:
    std::uint64_t times_ = 0;
    std::uint64_t last_ns_ = 0;
    double sum_ = 0;
    double squares_ = 0;
};

/// Counts distinct processes.
class Processes {
  public:
    /// Adds a process, identified by pid and start time. capacity_left: free places.
    void add(std::uint32_t pid, std::uint64_t start_ns, std::size_t& capacity_left) {
        const std::uint64_t process = start_ns ^ std::uint64_t{pid} << 40U;
        if (capacity_left > 0)
            capacity_left -= seen_.insert(process).second ? 1 : 0;
        else
            is_full_ = is_full_ || !seen_.contains(process);
    }
    [[nodiscard]] std::size_t count() const { return seen_.size(); }
    /// The limit was reached: there were more.
    [[nodiscard]] bool is_full() const { return is_full_; }

  private:
    std::unordered_set<std::uint64_t> seen_;
    bool is_full_ = false;
};

/// Client: `local` is the source address, `remote` and `port` the destination. Server: `local` and
/// `port` are where it listens; `remote` is set only if flows are kept for each client.
struct Flow {
    std::uint32_t netns = 0;
    Role role = Role::Unknown;
    Address local;
    Address remote;
    std::uint16_t port = 0;
    std::string service;
    std::string remote_service; ///< the service at `remote`, if it is on this host and known
    std::string comm;           ///< of the last task that closed
    std::string program;        ///< of the last one, as in Owner; empty: not known
    std::string language;       ///< likewise
    /// The process with more than half of the events, if one has as many; else one of several.
    std::uint32_t pid = 0;      ///< 0: not known
    std::uint64_t pid_lead = 0; ///< see count_for()
    std::string parent;         ///< of the last one; empty: not known
    bool one_parent = true;     ///< all were started by `parent`
    Processes processes;

    std::uint64_t time_wait = 0;
    std::uint64_t fin_wait2 = 0; ///< of time_wait: began in FIN_WAIT2
    std::uint64_t passive_close = 0;
    /// connect() failed with EADDRNOTAVAIL: no free port in the range.
    std::uint64_t no_port = 0;
    std::uint64_t port_taken = 0;         ///< the same: the port that the program chose is taken
    std::uint64_t own_range = 0;          ///< the same: no free port in the socket's own range
    std::uint16_t last_port = 0;          ///< of port_taken
    std::uint64_t last_no_port_ns = 0;    ///< CLOCK_MONOTONIC
    std::uint64_t without_timestamps = 0; ///< of time_wait
    std::uint64_t local_resets = 0;       ///< this side sent an RST
    std::uint64_t overflows = 0;          ///< tcp_max_tw_buckets
    std::uint64_t bound = 0;              ///< of time_wait: bind() had picked an ephemeral port
    std::uint64_t chosen = 0;             ///< of time_wait: the program had chosen the port
    std::uint64_t bytes = 0;              ///< payload of time_wait and passive_close, both ways
    Lifetimes lifetimes;                  ///< of time_wait
    Regularity regularity;                ///< of time_wait

    [[nodiscard]] std::uint64_t closes() const { return time_wait + passive_close + local_resets; }
    /// Majority vote of Boyer and Moore: finds `pid` in one pass, without a count for each.
    void count_for(std::uint32_t process, std::uint64_t times) {
        if (process == pid) {
            pid_lead += times;
        } else if (pid_lead >= times) {
            pid_lead -= times;
        } else {
            pid = process;
            pid_lead = times - pid_lead;
        }
    }
};

} // namespace twtrace::doctor
