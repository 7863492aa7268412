// How many local ports the entries of the last 60 s hold from each source address towards each
// destination, as a client: a time-wait socket's port is free for other destinations, and from
// other source addresses.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "aggregate/key.h"
#include "aggregate/minute.h"
#include "model/event.h"
#include "ports/port_rules.h"

namespace twtrace {

struct HeldKey {
    std::uint32_t netns = 0;
    Address remote;
    std::uint16_t port = 0;
    Address local;
    auto operator<=>(const HeldKey&) const = default;
};

/// entered: by the second, at now_ns. A port is taken once, however often it was taken over.
inline PortCount count_ports(const Minute<60>& entered, std::uint64_t now_ns,
                             const PortRules& rules, const Address& local, const Address& remote) {
    PortCount count;
    count.taken = static_cast<double>(entered.sum());
    const auto after = rules.reuse_after(local, remote);
    if (after) {
        double young = 0; // entries of a second are taken to be spread evenly over it
        const double into = static_cast<double>(now_ns % 1'000'000'000) / 1e9;
        for (std::size_t ago = 0; ago < 60; ++ago) {
            const double youngest = ago == 0 ? 0 : static_cast<double>(ago) - 1 + into;
            const double oldest = static_cast<double>(ago) + into;
            if (youngest >= *after)
                break;
            const double part =
                oldest <= *after ? 1 : (*after - youngest) / std::max(1e-9, oldest - youngest);
            young += entered.ago(ago) * part;
        }
        count.reusable = count.taken - std::min(young, count.taken);
    }
    if (rules.usable > 0 && count.taken > rules.usable) { // taken over within the minute
        const double held = std::min<double>(count.held(), rules.usable);
        count.taken = rules.usable;
        count.reusable = count.taken - held;
    }
    return count;
}

class PortsHeld {
  public:
    static constexpr std::uint64_t minute_ns = 60'000'000'000;

    /// most: sources and destinations; what does not fit is left out.
    explicit PortsHeld(std::size_t most) : most_(most) {}

    /// Which ports are ephemeral, from now on. Those of a namespace that is not known all are.
    void set_rules(RulesByNetns rules) { rules_ = std::move(rules); }
    [[nodiscard]] const PortRules& rules_of(std::uint32_t netns) const {
        static const PortRules unknown;
        const auto found = rules_.find(netns);
        return found == rules_.end() ? unknown : found->second;
    }

    /// user: who closed (any number). Events that hold no port of ours are none of its business.
    void add(const Event& event, std::uint64_t times, std::uint32_t user, std::uint64_t now_ns) {
        if (event.type != EventType::TimeWait || event.role != Role::Client ||
            !rules_of(event.netns).is_ephemeral(event.local_port))
            return;
        const HeldKey key{event.netns, event.remote, event.remote_port, event.local};
        auto found = peers_.find(key);
        if (found == peers_.end()) {
            if (peers_.size() >= most_)
                return;
            found = peers_.try_emplace(key).first;
        }
        now_ns_ = std::max(now_ns_, now_ns);
        found->second.minute.add(now_ns, static_cast<std::uint32_t>(times));
        note(found->second.users, user, now_ns);
    }
    /// Forgets what is older than a minute.
    void move_to(std::uint64_t now_ns) {
        now_ns_ = std::max(now_ns_, now_ns);
        for (auto& [key, peer] : peers_) {
            peer.minute.move_to(now_ns);
            std::erase_if(peer.users, [&](const User& user) {
                return now_ns > user.last_ns && now_ns - user.last_ns > minute_ns;
            });
        }
        std::erase_if(peers_, [](const auto& peer) { return peer.second.minute.sum() == 0; });
    }
    [[nodiscard]] PortCount towards(const HeldKey& key) const {
        const auto found = peers_.find(key);
        return found == peers_.end() ? PortCount{} : count_of(key, found->second, now_ns_);
    }
    /// visit(key, count, users); now_ns: as of then, 0: of the last event.
    template <typename Visit>
    void each(Visit&& visit, std::uint64_t now_ns = 0) const {
        for (const auto& [key, peer] : peers_)
            visit(key, count_of(key, peer, std::max(now_ns, now_ns_)), peer.users);
    }

    struct User {
        std::uint32_t user;
        std::uint64_t last_ns;
    };

  private:
    static constexpr std::size_t most_users = 8; // of one source and destination

    static void note(std::vector<User>& users, std::uint32_t user, std::uint64_t now_ns) {
        const auto found = std::find_if(users.begin(), users.end(),
                                        [&](const User& known) { return known.user == user; });
        if (found != users.end())
            found->last_ns = now_ns;
        else if (users.size() < most_users)
            users.push_back({user, now_ns});
    }

    struct Peer {
        Minute<60> minute;
        std::vector<User> users;
    };
    [[nodiscard]] PortCount count_of(const HeldKey& key, const Peer& peer,
                                     std::uint64_t now_ns) const {
        Minute<60> minute = peer.minute;
        minute.move_to(now_ns);
        return count_ports(minute, now_ns, rules_of(key.netns), key.local, key.remote);
    }
    struct Hash {
        std::size_t operator()(const HeldKey& key) const {
            return hash_of(key.remote, hash_of(key.local, mix(key.netns, key.port)));
        }
    };
    std::size_t most_;
    std::uint64_t now_ns_ = 0;
    RulesByNetns rules_;
    std::unordered_map<HeldKey, Peer, Hash> peers_;
};

} // namespace twtrace
