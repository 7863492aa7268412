// The minisocks that entered while tracing and exist now, each with who closed it: the kernel does
// not know any more when one ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "model/event.h"

namespace twtrace {

class TimeWaitOwners {
  public:
    /// Room for as many as net.ipv4.tcp_max_tw_buckets allows on a large host: about 30 MB.
    static constexpr std::size_t default_most = 262'144;

    /// seed: see socket_key().
    explicit TimeWaitOwners(std::uint64_t seed, std::size_t most = default_most)
        : seed_(seed), most_(most) {}

    /// Remembers an entry, and gives an event of its minisock what was remembered: who closed, how,
    /// and when it entered. Sets event.held where it could. Returns the end of another minisock in
    /// whose place this one is, without a reason: its own was lost.
    std::optional<Event> follow(Event& event);

    [[nodiscard]] std::size_t size() const { return held_.size(); }
    /// Entries that found no room.
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
    static void give(const Held& held, Event& event);
    std::optional<Event> enter(std::uint64_t key, Event& event);

    std::uint64_t seed_;
    std::size_t most_;
    std::uint64_t untracked_ = 0;
    std::unordered_map<std::uint64_t, Held> held_; // by socket_key()
};

} // namespace twtrace
