// What connection tracking says of itself: connections that only pass through this host have no
// sockets here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twtrace {

/// None: the kernel tracks nothing in this namespace, or it could not be read.
struct Conntrack {
    std::optional<std::uint64_t> entries; ///< now
    std::optional<std::uint64_t> most;    ///< nf_conntrack_max
    bool forwards = false;                ///< net.ipv4.ip_forward

    // Only ever rising, of this namespace.
    std::uint64_t insert_failed = 0; ///< after NAT it would have been a second one of its kind
    std::uint64_t dropped = 0;       ///< there was no room
};

/// Of the namespace that the calling thread is in.
Conntrack read_conntrack(const std::string& sysctl = "/proc/sys/net",
                         const std::string& net = "/proc/thread-self/net");

/// The sum over the CPUs of /proc/net/stat/nf_conntrack, whose columns are named in its first line
/// and hexadecimal; 0 for a column that it does not have.
std::uint64_t sum_of_column(std::string_view stat, std::string_view column);

} // namespace twtrace
