// One row of a summary while events are added.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <tsl/robin_map.h>

#include "aggregate/ends.h"
#include "aggregate/histogram.h"
#include "aggregate/key.h"
#include "model/event.h"

namespace twtrace {

/// Numbers of events by type (docs/output.md).
struct Counts {
    std::uint64_t time_wait = 0;
    std::uint64_t fin_wait2 = 0; ///< of time_wait
    std::uint64_t aborted = 0;
    std::uint64_t passive_close = 0;
    std::uint64_t port_exhausted = 0;

    void add(EventType type, Stage stage, std::uint64_t times);
    /// Withdraws this many time-waits in substate FIN_WAIT2 (no more than were counted).
    void retract(std::uint64_t times);
    void add(const Counts& counts);
};

/// A value that all events of a group share; none once two of them differed.
template <typename Value>
class Common {
  public:
    template <typename Given>
    void merge(const Given& value) {
        if (!seen_) {
            value_ = value;
            seen_ = true;
        } else if (!mixed_ && value_ != value) {
            mixed_ = true;
            value_ = Value{};
        }
    }
    /// Adds all values that another one has seen.
    void absorb(const Common& other) {
        if (!other.seen_)
            return;
        merge(other.value_);
        mixed_ = mixed_ || other.mixed_;
        if (mixed_)
            value_ = Value{};
    }
    /// Replaces the value: a different one does not count as mixed.
    template <typename Given>
    void set(const Given& value) {
        if (!seen_ || value_ != value)
            value_ = value;
        seen_ = true;
    }
    [[nodiscard]] bool seen() const { return seen_; }
    [[nodiscard]] const Value* get() const { return seen_ && !mixed_ ? &value_ : nullptr; }

  private:
    Value value_{};
    bool seen_ = false;
    bool mixed_ = false;
};

struct PeerKey {
    Address remote;
    std::uint16_t service_port = 0; ///< 0: role not known
    bool ours =
        false; ///< the service port is the peer's: we are the client, and our ports may run out
    auto operator<=>(const PeerKey&) const = default;
};

struct PeerKeyHash {
    std::size_t operator()(const PeerKey& key) const {
        return hash_of(key.remote, key.service_port);
    }
};

struct PeerCount {
    std::uint64_t time_wait = 0;
    std::uint64_t last_add = 0;           ///< number of the last event that was added
    const std::string* service = nullptr; ///< of the peer; in Aggregator's names; or null
    const std::string* name = nullptr;    ///< of the remote address, likewise
};

/// Looked up for each event. An entry takes one cache line instead of three.
struct PeerCounts : tsl::robin_map<PeerKey, PeerCount, PeerKeyHash> {
    /// The default load factor, 0.5, takes twice the memory.
    PeerCounts() { max_load_factor(0.8F); }
};

struct Group {
    Common<std::uint32_t> pid;
    Common<std::string> comm;
    Common<std::string> process; ///< its name, not that of a thread
    Common<std::string> service;
    Common<std::string> unit;
    Common<std::string> container;
    Common<std::string> program;
    Common<std::string> container_name;
    Common<std::string> pod;
    Common<std::string> pod_namespace;
    Common<std::string> workload;
    Common<std::string> parent;
    Common<std::string> cmdline;
    Common<std::uint32_t> netns;
    Common<std::string> netns_name;
    Common<Role> role;
    Common<Address> remote;
    Common<std::uint16_t> service_port;
    std::uint64_t merged_owner = 0; ///< id of the last owner that was merged into these
    Counts counts;
    std::array<std::uint64_t, TWTRACE_HOWS> how{}; ///< of the time-waits, by enum How
    /// Of the time-waits; none: no lifetime is known.
    std::unique_ptr<Histogram> lifetime_us;
    std::unique_ptr<Ends> ends; ///< none: there was no event of its minisocks
    PeerCounts peers;
    std::uint64_t other_peers = 0; ///< time-waits on peers beyond the bound of the table
    /// Time-waits retracted before they were counted: the ring was full for them, so they are added
    /// at the end.
    std::uint64_t retracted_early = 0;
    std::uint64_t last_add = 0; ///< number of the last event that was added
    bool is_other = false;      ///< stands for all the groups beyond the bound

    /// Adds all that another group has counted, except its peers.
    void absorb(const Group& group);
    /// Merges the process, service, namespace and peer, but no numbers.
    void absorb_identity(const Group& group);
    Ends& ensure_ends();
};

} // namespace twtrace
