// The expected events of a closing, and the facts known from its run.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sockets.h"

namespace live {

enum class Counted { No, Tw, TwKilled };

/// Expected outcome of one end. Empty type: no event. Empty stage or how: not checked.
struct Outcome {
    std::string type;
    std::string stage;
    std::string how;
    Counted counted = Counted::No;
    /// The peer's segment ends the minisock by a reset: kernels that count at the end do not count
    /// it.
    bool reset_ends_it = false;
};

/// The task whose call sent the FIN.
struct Task {
    int pid = 0;
    int tid = 0;
    unsigned uid = 0;
    std::string comm;
};
Task current_task();

/// An event that twtrace must report, with the keys of docs/output.md.
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
    /// The test was too slow to determine which of two outcomes occurred (they depend on a 40 ms
    /// timer of the kernel).
    bool doubtful = false;
    /// The end that the kind of closing tests; one for each connection.
    bool active = false;
};

nlohmann::json to_json(const std::vector<Expected>& events);
std::vector<Expected> expected_from_json(const nlohmann::json& json);
std::string describe(const Expected& event);
std::size_t count_type(const std::vector<Expected>& events, const std::string& type);
std::size_t count_in(const std::vector<Expected>& events, Counted counter);

} // namespace live
