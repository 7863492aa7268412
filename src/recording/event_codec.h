// The binary form of events. Addresses, tasks, owners and texts are written once a block; an event
// names them by their number in the order in which they came.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <tsl/robin_map.h>

#include "model/event.h"
#include "recording/record.h"
#include "util/hash.h"

namespace twtrace {

class EventEncoder {
  public:
    /// A block begins: nothing is known to its reader.
    void forget();
    /// Appends the event, and before it what it names for the first time. times: 0, or how often
    /// the kernel side counted it.
    void append(std::string& out, const Event& event, std::uint64_t times = 0);

  private:
    struct AddressHash {
        std::size_t operator()(const Address& address) const;
    };
    struct TaskHash {
        std::size_t operator()(const Task& task) const {
            return mix(mix(task.tid, task.start_boottime_ns), task.cgroup_id);
        }
    };
    std::uint64_t number_of(std::string& out, const Address& address);
    std::uint64_t number_of(std::string& out, const Task& task);
    std::uint64_t number_of(std::string& out, const Owner* owner);
    std::uint64_t number_of(std::string& out, std::string_view text);

    tsl::robin_map<Address, std::uint64_t, AddressHash> addresses_;
    tsl::robin_map<Task, std::uint64_t, TaskHash> tasks_;
    struct KnownOwner {
        Owner content; // an owner's memory may be another's later
        std::uint64_t number = 0;
    };
    tsl::robin_map<const Owner*, KnownOwner> owners_;
    std::uint64_t next_owner_ = 0;
    tsl::robin_map<std::string, std::uint64_t> texts_;
    std::uint64_t last_time_ns_ = 0;
    std::uint64_t last_to_wall_ns_ = 0;
};

class EventDecoder {
  public:
    void forget();
    /// The content of a record of a table. False: it is damaged.
    bool learn(RecordKind kind, std::string_view body);
    /// False: it is damaged. The event points into this decoder until forget().
    bool decode(RecordKind kind, std::string_view body, Event& event, std::uint64_t& times);

  private:
    std::vector<Address> addresses_;
    std::vector<Task> tasks_;
    std::deque<Owner> owners_;
    std::deque<std::string> texts_;
    std::uint64_t last_time_ns_ = 0;
    std::uint64_t last_to_wall_ns_ = 0;
};

} // namespace twtrace
