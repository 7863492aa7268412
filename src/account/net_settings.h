// The settings of a network namespace that concern TIME_WAIT and ephemeral ports
// (Documentation/networking/ip-sysctl.rst).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "util/ephemeral_ports.h"
#include "util/port_set.h"

namespace twtrace {

/// None: the kernel has no such setting, or it could not be read.
struct NetSettings {
    PortRange ephemeral;                            ///< ip_local_port_range
    PortSet reserved;                               ///< ip_local_reserved_ports
    std::optional<std::uint64_t> max_tw_buckets;    ///< tcp_max_tw_buckets, of this namespace
    std::optional<std::uint64_t> tw_reuse;          ///< 0 off, 1 on, 2 loopback only (4.19)
    std::optional<std::uint64_t> tw_reuse_delay_ms; ///< from 6.12 on; before: 1000
    std::optional<std::uint64_t> tw_recycle;        ///< gone since 4.12
    std::optional<std::uint64_t> timestamps;        ///< 0: off; tcp_tw_reuse needs them
    std::optional<std::uint64_t> fin_timeout_s;     ///< of an orphan in FIN_WAIT2, not of TIME_WAIT

    /// Ports that connect() may pick: the range without the reserved ones.
    [[nodiscard]] std::uint32_t usable_ports() const;
};

/// The range of the namespace that the calling thread is in; none: could not be read.
PortRange read_port_range(const std::string& directory = "/proc/sys/net/ipv4");
/// Those of a new namespace, which inherits neither the port range nor tcp_tw_reuse.
NetSettings default_net_settings();
NetSettings read_net_settings(const std::string& directory = "/proc/sys/net/ipv4");

/// The ports of a list such as "8080,9148-9160"; invalid parts are left out.
PortSet parse_port_list(std::string_view text);

} // namespace twtrace
