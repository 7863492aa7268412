// Rules for a client's local ports, from the settings of a network namespace. The only place that
// decides which ports are ephemeral, how many there are, and when connect() takes a TIME_WAIT over.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "account/net_settings.h"
#include "model/address.h"
#include "model/loopback.h"

namespace twtrace {

/// tcp_tw_reuse applies to connections between these two (net/ipv4/tcp_ipv4.c, tcp_twsk_unique()).
[[nodiscard]] bool reuse_applies(const NetSettings& settings, const Address& local,
                                 const Address& remote);
/// The age from which a TIME_WAIT may be taken over.
[[nodiscard]] std::uint64_t reuse_delay_ms(const NetSettings& settings);

/// The part of the settings that port use needs; the usable ports are counted once.
struct PortRules {
    std::uint32_t usable = 0; ///< ports that connect() may pick; 0: not known
    /// The age from which connect() takes a TIME_WAIT over (tcp_tw_reuse), towards any peer or
    /// towards this host only; none: never.
    std::optional<double> reuse_after_s;
    bool reuse_on_loopback_only = false;
    PortRange range{};                         ///< none: not known
    std::shared_ptr<const PortSet> reserved{}; ///< null: none

    /// False for a port outside the range, or a reserved one: the program chose it. False for port
    /// 0 (not known).
    [[nodiscard]] bool is_ephemeral(std::uint16_t port) const {
        if (port == 0 || range.size() == 0)
            return true;
        return range.contains(port) && (!reserved || !reserved->contains(port));
    }
    /// The age for connections between these addresses; none: TIME_WAITs are not taken over.
    [[nodiscard]] std::optional<double> reuse_after(const Address& local,
                                                    const Address& remote) const;
};
using RulesByNetns = std::unordered_map<std::uint32_t, PortRules>;

[[nodiscard]] PortRules port_rules_of(const NetSettings& settings);
/// For a network namespace whose settings can't be read: those of a new one.
[[nodiscard]] const PortRules& default_port_rules();

} // namespace twtrace
