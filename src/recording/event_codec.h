// The binary form of events. Addresses, tasks, owners, texts and contexts are written once per
// block; records refer to them by number, in the order of their first use.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <tsl/robin_map.h>

#include "model/address_hash.h"
#include "model/event.h"
#include "recording/packed_numbers.h"
#include "recording/record.h"
#include "util/hash.h"

namespace twtrace {

/// A PackedEvent is the two ports, then the packed numbers.
inline constexpr std::size_t ports_bytes = 4;
inline constexpr std::size_t max_packed_event_bytes = ports_bytes + max_packed_bytes;

class EventEncoder {
  public:
    /// Starts a new block, whose tables are empty.
    void forget();
    /// Appends the event, preceded by the table records that it refers to for the first time.
    /// times: 0, or the number of such events that the kernel side counted.
    void append(std::string& out, const Event& event, std::uint64_t times = 0);

  private:
    struct TaskHash {
        std::size_t operator()(const Task& task) const {
            return mix(mix(task.tid, task.start_boottime_ns), task.cgroup_id);
        }
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct Context {
        Task task;
        std::uint64_t bits; // event_bits.h
        std::uint64_t owner;
        std::uint64_t netns_name;
        std::uint64_t remote_service;
        std::uint32_t netns;
        std::uint32_t netns_mix;
        bool operator==(const Context&) const = default;
    };
    struct ContextHash {
        std::size_t operator()(const Context& context) const {
            const std::uint64_t names = context.owner << 32U | context.remote_service;
            return mix(mix(TaskHash{}(context.task), context.bits), names);
        }
    };
    /// The key of the previous event and its number: most events have the same one.
    template <typename Key>
    struct Recent {
        Key key;
        std::uint64_t number = 0;
        bool known = false;
    };
    std::uint64_t number_of(std::string& out, const Address& address, Recent<Address>& recent);
    std::uint64_t number_of(std::string& out, const Task& task);
    std::uint64_t number_of(std::string& out, const Owner* owner);
    std::uint64_t number_of(std::string& out, std::string_view text, Recent<std::string>& recent);
    std::uint64_t context_of(std::string& out, const Event& event);
    void set_clock(std::string& out, std::uint64_t to_wall_ns);

    tsl::robin_map<Address, std::uint64_t, AddressHash> addresses_;
    tsl::robin_map<Task, std::uint64_t, TaskHash> tasks_;
    struct KnownOwner {
        Owner content; // a copy, because the owner's memory may be reused
        std::uint64_t number = 0;
    };
    tsl::robin_map<const Owner*, KnownOwner> owners_;
    std::uint64_t next_owner_ = 0;
    tsl::robin_map<std::string, std::uint64_t, TextHash, std::equal_to<>> texts_;
    tsl::robin_map<Context, std::uint64_t, ContextHash> contexts_;
    // Both ends of a connection alternate, and so do a few workers.
    std::array<Recent<Context>, 16> recent_contexts_;
    Recent<Address> local_;
    Recent<Address> remote_;
    Recent<std::string> netns_name_;
    Recent<std::string> remote_service_;
    std::uint64_t last_time_ns_ = 0;
    std::uint64_t to_wall_ns_ = 0;
};

class EventDecoder {
  public:
    void forget();
    /// Adds a table record. False: it is damaged.
    bool learn(RecordKind kind, std::string_view body);
    /// False: the record is damaged. max_packed_event_bytes bytes must be readable from the start
    /// of the body on. The event points into this decoder until forget(). times: 0, or the number
    /// of such events.
    bool decode(RecordKind kind, std::string_view body, Event& event, std::uint64_t& times);

  private:
    bool decode_packed(std::string_view body, Event& event, std::uint64_t& times);
    bool decode_version_1(RecordKind kind, std::string_view body, Event& event,
                          std::uint64_t& times);
    bool learn_context(std::string_view body);
    bool refer(Event& event, std::uint64_t task, std::uint64_t owner, std::uint64_t netns_name,
               std::uint64_t remote_service) const;

    std::vector<Address> addresses_;
    std::vector<Task> tasks_;
    std::deque<Owner> owners_;
    std::deque<std::string> texts_;
    std::vector<Event> contexts_; // with these fields set, and no others
    std::uint64_t last_time_ns_ = 0;
    std::uint64_t to_wall_ns_ = 0;
};

} // namespace twtrace
