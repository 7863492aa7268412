// How many local ports the entries of the last 60 s hold from each source address towards each
// destination, as a client: a time-wait socket's port is free for other destinations, and from
// other source addresses.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tsl/robin_map.h>

#include "aggregate/key.h"
#include "model/event.h"
#include "ports/port_table.h"

namespace twtrace {

struct HeldKey {
    std::uint32_t netns = 0;
    Address remote;
    std::uint16_t port = 0;
    Address local;
    auto operator<=>(const HeldKey&) const = default;
};

/// Who closed towards a destination in the last minute: at most eight.
class PortUsers {
  public:
    void add(std::uint32_t user, std::uint64_t now_ns) {
        const auto now_s = static_cast<std::uint32_t>(now_ns / second_ns);
        for (std::size_t at = 0; at < size_; ++at)
            if (users_[at] == user) {
                last_s_[at] = now_s;
                return;
            }
        if (size_ == users_.size())
            return;
        users_[size_] = user;
        last_s_[size_++] = now_s;
    }
    void forget_older(std::uint64_t now_ns) {
        const auto now_s = static_cast<std::uint32_t>(now_ns / second_ns);
        std::uint32_t kept = 0;
        for (std::size_t at = 0; at < size_; ++at) {
            if (now_s > last_s_[at] && now_s - last_s_[at] > 60)
                continue;
            users_[kept] = users_[at];
            last_s_[kept++] = last_s_[at];
        }
        size_ = kept;
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const std::uint32_t* begin() const { return users_.data(); }
    [[nodiscard]] const std::uint32_t* end() const { return users_.data() + size_; }

  private:
    static constexpr std::uint64_t second_ns = 1'000'000'000;
    std::uint32_t size_ = 0;
    std::array<std::uint32_t, 8> users_{};
    std::array<std::uint32_t, 8> last_s_{}; // CLOCK_MONOTONIC
};

class PortsHeld {
  public:
    /// limit: sources and destinations, and names of services; others are left out. max_ports: over
    /// all of them. Beyond it entries are counted without their port number, so that a port that is
    /// taken over counts twice.
    explicit PortsHeld(std::size_t limit, std::size_t max_ports = 500'000)
        : limit_(limit), max_ports_(max_ports) {
        // The default, 0.5, takes more memory.
        peers_.max_load_factor(0.8F);
    }

    /// Sets which ports are ephemeral. others: for namespaces that are not known; by default all
    /// ports are.
    void set_rules(RulesByNetns rules, PortRules others = {}) {
        rules_ = std::move(rules);
        others_ = std::move(others);
    }
    [[nodiscard]] const PortRules& rules_of(std::uint32_t netns) const {
        const auto found = rules_.find(netns);
        return found == rules_.end() ? others_ : found->second;
    }

    static constexpr std::uint32_t no_user = ~std::uint32_t{0};
    /// user: who closed (any number), or no_user. Events that hold no local port of a client are
    /// ignored.
    void add(const Event& event, std::uint64_t times, std::uint32_t user, std::uint64_t now_ns) {
        if (event.type != EventType::TimeWait || event.role != Role::Client)
            return;
        if (now_ns > cleared_ns_ + clear_every_ns)
            move_to(now_ns);
        const PortHolder holder =
            event.stage == Stage::FinWait2 ? PortHolder::FinWait2 : PortHolder::TimeWait;
        Peer* peer = add({event.netns, event.remote, event.remote_port, event.local},
                         {event.local_port, holder, event.timestamps, now_ns}, times);
        now_ns_ = std::max(now_ns_, now_ns);
        if (peer == nullptr)
            return;
        if (user != no_user)
            peer->users.add(user, now_ns);
        if (!event.remote_service.empty() &&
            (peer->service == nullptr || *peer->service != event.remote_service))
            if (Name name = interned(event.remote_service))
                peer->service = std::move(name);
    }
    /// Adds a port that was held before the trace.
    void inherit(const HeldKey& key, const HeldPort& held) { add(key, held, 1); }
    /// Removes entries older than a minute.
    void move_to(std::uint64_t now_ns) {
        now_ns_ = std::max(now_ns_, now_ns);
        cleared_ns_ = now_ns;
        for (auto at = peers_.begin(); at != peers_.end();) {
            Peer& peer = at.value();
            peer.ports.forget_older(now_ns);
            peer.users.forget_older(now_ns);
            at = peer.ports.empty() ? peers_.erase(at) : std::next(at);
        }
        ports_ = 0; // erase() may have moved an entry to the end, where the loop met it again
        for (const auto& [key, peer] : peers_)
            ports_ += peer.ports.size();
        std::erase_if(services_, [](const auto& name) { return name.second.use_count() == 1; });
    }
    [[nodiscard]] PortCount towards(const HeldKey& key) const {
        const auto found = peers_.find(key);
        return found == peers_.end() ? PortCount{} : count_of(key, found->second, now_ns_);
    }
    /// The service at the destination; empty: not on this host, or not known.
    [[nodiscard]] std::string_view service_at(const HeldKey& key) const {
        const auto found = peers_.find(key);
        const bool is_known = found != peers_.end() && found->second.service != nullptr;
        return is_known ? std::string_view(*found->second.service) : std::string_view();
    }
    /// visit(key, table), for counting by other rules.
    template <typename Visit>
    void each_table(Visit&& visit) const {
        for (const auto& [key, peer] : peers_)
            visit(key, peer.ports);
    }
    /// visit(key, count, users); now_ns: the time to count at, 0: that of the last event.
    template <typename Visit>
    void each(Visit&& visit, std::uint64_t now_ns = 0) const {
        for (const auto& [key, peer] : peers_)
            visit(key, count_of(key, peer, std::max(now_ns, now_ns_)), peer.users);
    }

  private:
    static constexpr std::uint64_t clear_every_ns = PortTable::minute_ns / 2;

    using Name = std::shared_ptr<const std::string>;

    // What each event needs comes first, beside the key.
    struct Peer {
        Name service; // null: not known
        PortTable ports;
        PortUsers users;
    };

    // Many destinations have the same service: each name is kept once.
    Name interned(std::string_view name) {
        const auto found = services_.find(name);
        if (found != services_.end())
            return found->second;
        if (services_.size() >= limit_)
            return nullptr;
        return services_.emplace(name, std::make_shared<const std::string>(name)).first->second;
    }

    // Null: the table is full, or the program chose the port.
    Peer* add(const HeldKey& key, HeldPort held, std::uint64_t times) {
        if (!rules_of(key.netns).is_ephemeral(held.port))
            return nullptr;
        auto found = peers_.find(key);
        if (found == peers_.end()) {
            if (peers_.size() >= limit_)
                return nullptr;
            found = peers_.try_emplace(key).first;
        }
        if (ports_ >= max_ports_)
            held.port = 0;
        Peer& peer = found.value();
        ports_ -= peer.ports.size();
        peer.ports.add(held, times);
        ports_ += peer.ports.size();
        return &peer;
    }
    [[nodiscard]] PortCount count_of(const HeldKey& key, const Peer& peer,
                                     std::uint64_t now_ns) const {
        return peer.ports.count(now_ns, rules_of(key.netns), key.local, key.remote);
    }
    struct Hash {
        std::size_t operator()(const HeldKey& key) const {
            return hash_of(key.remote, hash_of(key.local, mix(key.netns, key.port)));
        }
    };
    std::size_t limit_;
    std::size_t max_ports_;
    std::size_t ports_ = 0;
    std::uint64_t now_ns_ = 0;
    std::uint64_t cleared_ns_ = 0;
    RulesByNetns rules_;
    PortRules others_;
    std::map<std::string, Name, std::less<>> services_;
    tsl::robin_map<HeldKey, Peer, Hash> peers_;
};

} // namespace twtrace
