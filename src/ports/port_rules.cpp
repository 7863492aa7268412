#include "ports/port_rules.h"

#include <algorithm>
#include <array>

namespace twtrace {

namespace {

constexpr std::uint64_t default_reuse_delay_ms = 1000;

} // namespace

std::uint64_t reuse_delay_ms(const NetSettings& settings) {
    return settings.tw_reuse_delay_ms.value_or(default_reuse_delay_ms);
}

PortRules port_rules_of(const NetSettings& settings) {
    PortRules rules;
    rules.usable = settings.usable_ports();
    rules.range = settings.ephemeral;
    if (settings.reserved.any)
        rules.reserved = std::make_shared<const PortSet>(settings.reserved);
    const std::uint64_t mode = settings.tw_reuse.value_or(0);
    // PAWS (RFC 7323) detects old segments by the timestamps.
    if ((mode == 1 || mode == 2) && settings.timestamps != 0U)
        rules.reuse_after_s = static_cast<double>(reuse_delay_ms(settings)) / 1000;
    rules.reuse_on_loopback_only = mode == 2;
    return rules;
}

const PortRules& default_port_rules() {
    static const PortRules rules = port_rules_of(default_net_settings());
    return rules;
}

bool reuse_applies(const NetSettings& settings, const Address& local, const Address& remote) {
    if (settings.timestamps == 0U)
        return false;
    const std::uint64_t mode = settings.tw_reuse.value_or(0);
    return mode == 1 || (mode == 2 && (is_loopback(local) || is_loopback(remote)));
}

std::optional<double> PortRules::reuse_after(const Address& local, const Address& remote) const {
    const bool applies = !reuse_on_loopback_only || is_loopback(local) || is_loopback(remote);
    return applies ? reuse_after_s : std::nullopt;
}

} // namespace twtrace
