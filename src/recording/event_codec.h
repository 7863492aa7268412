// The binary form of events. Addresses, tasks, owners and texts are written once per block; an
// event refers to them by number, in the order of their first use.
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
    /// Starts a new block, whose tables are empty.
    void forget();
    /// Appends the event, preceded by the table records that it refers to for the first time.
    /// times: 0, or the number of such events that the kernel side counted.
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
        Owner content; // a copy, because the owner's memory may be reused
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
    /// Adds a table record. False: it is damaged.
    bool learn(RecordKind kind, std::string_view body);
    /// False: the record is damaged. The event points into this decoder until forget().
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
