// The sockets of a network namespace -> the local ports that each destination takes. Exact: each
// socket of one (source, destination, destination port) has a distinct local port.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "account/net_settings.h"
#include "doctor/observations.h"
#include "ports/port_table.h"
#include "source/sockets.h"
#include "util/hash.h"
#include "util/port_set.h"

namespace twtrace::doctor {

/// How long a port stays taken after the close, in seconds: until connect() can reuse it.
double port_hold_s(const NetSettings& settings, const Address& local, const Address& remote);

class PortCounter {
  public:
    /// listeners: connections to these ports were accepted, and take no ephemeral port. now_ns:
    /// when the sockets were listed, CLOCK_MONOTONIC.
    PortCounter(const NetSettings& settings, const PortSet& listeners, std::uint64_t now_ns,
                std::size_t limit = 100'000)
        : rules_(port_rules_of(settings)), listeners_(listeners), now_ns_(now_ns), limit_(limit) {}

    void add(const TcpSocket& socket);

    /// When connect() last failed for that source and destination; 0: not seen.
    using LastFailure = std::function<std::uint64_t(const PortUse&)>;
    /// The most used ones; `before` is an earlier count of the same namespace.
    [[nodiscard]] std::vector<PortUse> most_used(std::size_t count, const PortCounter* before,
                                                 const LastFailure& last_failure = {}) const;
    /// The local addresses with most distinct ports, which bind() needs: most first.
    [[nodiscard]] std::vector<AddressPorts> most_used_addresses(std::size_t count) const;
    [[nodiscard]] std::size_t destinations() const { return uses_.size(); }
    [[nodiscard]] std::uint64_t beyond() const { return beyond_; } ///< sockets that did not fit

  private:
    struct Key {
        Address local;
        Address remote;
        std::uint16_t port;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };

    struct Held {
        PortTable ports;
        std::uint32_t fin_wait2 = 0; // sockets: minisocks in FIN_WAIT2
    };
    [[nodiscard]] PortUse use_of(const Key& key, const Held& held) const;

    PortRules rules_;
    const PortSet& listeners_;
    std::uint64_t now_ns_;
    std::size_t limit_;
    std::unordered_map<Key, Held, KeyHash> uses_;
    std::uint64_t beyond_ = 0;
    struct LocalPorts {
        PortSet ports;
        std::uint32_t distinct = 0;
        std::uint32_t sockets = 0;
    };
    static constexpr std::size_t max_addresses = 256; // 8 KiB each
    void count_local(const TcpSocket& socket);

    std::map<Address, LocalPorts> by_local_;
};

} // namespace twtrace::doctor
