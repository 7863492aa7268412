// How many local ports the entries of the last 60 s hold towards each peer, as a client: a
// time-wait socket's port is free for other peers.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "aggregate/key.h"
#include "aggregate/minute.h"
#include "model/event.h"

namespace twtrace {

struct HeldKey {
    std::uint32_t netns = 0;
    Address remote;
    std::uint16_t port = 0;
    auto operator<=>(const HeldKey&) const = default;
};

class PortsHeld {
  public:
    static constexpr std::uint64_t minute_ns = 60'000'000'000;

    /// most: peers; what does not fit is left out.
    explicit PortsHeld(std::size_t most) : most_(most) {}

    /// user: who closed (any number). Events that hold no port of ours are none of its business.
    void add(const Event& event, std::uint64_t times, std::uint32_t user, std::uint64_t now_ns) {
        if (event.type != EventType::TimeWait || event.role != Role::Client)
            return;
        const HeldKey key{event.netns, event.remote, event.remote_port};
        auto found = peers_.find(key);
        if (found == peers_.end()) {
            if (peers_.size() >= most_)
                return;
            found = peers_.try_emplace(key).first;
        }
        found->second.minute.add(now_ns, static_cast<std::uint32_t>(times));
        note(found->second.users, user, now_ns);
    }
    /// Forgets what is older than a minute.
    void move_to(std::uint64_t now_ns) {
        for (auto& [key, peer] : peers_) {
            peer.minute.move_to(now_ns);
            std::erase_if(peer.users, [&](const User& user) {
                return now_ns > user.last_ns && now_ns - user.last_ns > minute_ns;
            });
        }
        std::erase_if(peers_, [](const auto& peer) { return peer.second.minute.sum() == 0; });
    }
    [[nodiscard]] std::uint64_t towards(const HeldKey& key) const {
        const auto found = peers_.find(key);
        return found == peers_.end() ? 0 : found->second.minute.sum();
    }
    /// visit(key, held, users)
    template <typename Visit>
    void each(Visit&& visit) const {
        for (const auto& [key, peer] : peers_)
            visit(key, peer.minute.sum(), peer.users);
    }

    struct User {
        std::uint32_t user;
        std::uint64_t last_ns;
    };

  private:
    static constexpr std::size_t most_users = 8; // of one peer

    static void note(std::vector<User>& users, std::uint32_t user, std::uint64_t now_ns) {
        const auto found = std::find_if(users.begin(), users.end(),
                                        [&](const User& known) { return known.user == user; });
        if (found != users.end())
            found->last_ns = now_ns;
        else if (users.size() < most_users)
            users.push_back({user, now_ns});
    }

    struct Peer {
        Minute<12> minute;
        std::vector<User> users;
    };
    struct Hash {
        std::size_t operator()(const HeldKey& key) const {
            return hash_of(key.remote, mix(key.netns, key.port));
        }
    };
    std::size_t most_;
    std::unordered_map<HeldKey, Peer, Hash> peers_;
};

} // namespace twtrace
