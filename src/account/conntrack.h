// The state of connection tracking. Forwarded connections have no sockets on this host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twtrace {

/// None: the kernel tracks nothing in this namespace, or the value could not be read.
struct Conntrack {
    std::optional<std::uint64_t> entries;     ///< now
    std::optional<std::uint64_t> max_entries; ///< nf_conntrack_max
    bool forwards = false;                    ///< net.ipv4.ip_forward

    // Monotonic counters of this namespace.
    std::uint64_t insert_failed = 0; ///< the tuple after NAT already existed
    std::uint64_t dropped = 0;       ///< the table was full

    /// nf_conntrack_tcp_timeout_time_wait: how long a closed connection is tracked. Recordings of
    /// older versions do not have it.
    std::optional<std::uint64_t> time_wait_s{};
};

/// Of the namespace that the calling thread is in.
Conntrack read_conntrack(const std::string& sysctl = "/proc/sys/net",
                         const std::string& net = "/proc/thread-self/net");

/// Sums a column of /proc/net/stat/nf_conntrack over the CPUs. The first line names the columns;
/// values are hexadecimal. 0 for a column that does not exist.
std::uint64_t sum_of_column(std::string_view stat, std::string_view column);

} // namespace twtrace
