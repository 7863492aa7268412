// What a closing must come out as, and the ground truth that a run of one hands back.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sockets.h"

namespace live {

enum class Counted { No, Tw, TwKilled };

/// One end's promise; empty type: no event at all. Empty stage or how: not promised.
struct Outcome {
    std::string type;
    std::string stage;
    std::string how;
    Counted counted = Counted::No;
    /// A segment of the peer's ends the minisock by a reset: kernels that count at the end do not
    /// count it.
    bool reset_ends_it = false;
};

/// The task that made the call which sent the FIN.
struct Task {
    int pid = 0;
    int tid = 0;
    unsigned uid = 0;
    std::string comm;
};
Task current_task();

/// An event that twtrace must report, with the keys of docs "One event".
struct Expected {
    std::string kind;
    Outcome outcome;
    Task task;
    std::string role;
    int family = 4;
    Endpoint local;
    Endpoint remote;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    /// The run was too slow to know which of two outcomes it got (a 40 ms timer of the kernel's had
    /// a say).
    bool doubtful = false;
    /// The end that the kind of closing is about: there is one such event a connection.
    bool active = false;
};

nlohmann::json to_json(const std::vector<Expected>& events);
std::vector<Expected> expected_from_json(const nlohmann::json& json);
std::string describe(const Expected& event);
std::size_t count_type(const std::vector<Expected>& events, const std::string& type);
std::size_t count_in(const std::vector<Expected>& events, Counted counter);

} // namespace live
