// Names the remote end of a connection if it is on this host: what listens in each network
// namespace, and the owner of the namespace. An immutable snapshot.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "attribute/listeners.h"
#include "model/address_hash.h"
#include "model/event.h"

namespace twtrace {

class HostServices {
  public:
    struct Space {
        ListenerTable listeners;
        std::unordered_map<std::uint32_t, std::string> services; ///< by the listener's inode
        std::string
            owner; ///< the container or pod that it was created for; empty: the host, or unknown
        std::vector<Address> addresses;
    };

    void add(std::uint32_t netns, Space space);

    /// Empty: not on this host, or not known. For a peer that connected, only the container or pod
    /// of its namespace is known.
    [[nodiscard]] std::string_view find(const Event& event) const;
    /// False: a new survey of the host may find it.
    [[nodiscard]] bool knows(std::uint32_t netns) const { return spaces_.contains(netns); }

  private:
    [[nodiscard]] std::uint32_t space_of(const Event& event) const;

    std::map<std::uint32_t, Space> spaces_;
    std::unordered_map<Address, std::vector<std::uint32_t>, AddressHash> by_address_;
};

/// Passes snapshots from the thread that surveys the host to the one that names events.
class HostServicesBox {
  public:
    void put(std::shared_ptr<const HostServices> services);
    [[nodiscard]] std::shared_ptr<const HostServices> get() const;
    /// Increases with each snapshot.
    [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
    /// The present snapshot was used, or is too old.
    void mark_used() {
        if (!used_.load(std::memory_order_relaxed))
            used_.store(true, std::memory_order_relaxed);
    }
    void request() { requested_.store(true, std::memory_order_relaxed); }
    bool take_used() { return used_.exchange(false, std::memory_order_relaxed); }
    bool take_request() { return requested_.exchange(false, std::memory_order_relaxed); }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const HostServices> services_;
    std::atomic<std::uint64_t> version_{0};
    std::atomic<bool> used_{false};
    std::atomic<bool> requested_{false};
};

} // namespace twtrace
