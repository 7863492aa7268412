// The minisocks that entered while tracing and still exist, each with its closer: when one ends,
// the kernel no longer knows who closed it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "model/event.h"

namespace twtrace {

class TimeWaitOwners {
  public:
    /// As many as net.ipv4.tcp_max_tw_buckets allows on a large host: about 30 MB.
    static constexpr std::size_t default_limit = 262'144;

    /// seed: see socket_key().
    explicit TimeWaitOwners(std::uint64_t seed, std::size_t limit = default_limit)
        : seed_(seed), limit_(limit) {}

    /// Records an entry, and adds the recorded closer, kind of close and entry time to a later
    /// event of its minisock. Sets event.held if it could. If the minisock replaces another one
    /// whose end was lost, returns an end for that one, without a reason.
    std::optional<Event> follow(Event& event);

    [[nodiscard]] std::size_t size() const { return held_.size(); }
    /// Entries that did not fit.
    [[nodiscard]] std::uint64_t untracked() const { return untracked_; }

  private:
    struct Held {
        std::uint64_t entered_ns;
        Task task;
        Stage stage;
        How how;
        Role role;
        bool role_inferred;
    };
    static void add_owner(const Held& held, Event& event);
    std::optional<Event> enter(std::uint64_t key, Event& event);

    std::uint64_t seed_;
    std::size_t limit_;
    std::uint64_t untracked_ = 0;
    std::unordered_map<std::uint64_t, Held> held_; // by socket_key()
};

} // namespace twtrace
