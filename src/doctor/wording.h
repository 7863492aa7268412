// The text of findings: numbers, names and remedies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/observations.h"
#include "util/port_set.h"

namespace twtrace::doctor {

std::string grouped(std::uint64_t number);                        ///< 28,232
std::string percent(double share);                                ///< 98.8 %; 100 % only if exact
std::string per_second(double rate);                              ///< 470/s; 1.5/s
std::string duration_text(double seconds);                        ///< 831 us, 12 s, 3 min
std::string endpoint(const Address& address, std::uint16_t port); ///< 10.0.0.1:80, [::1]:80
/// With the service there, if it is known: 127.0.0.1:9000 (php-fpm).
std::string endpoint(const Address& address, std::uint16_t port, const std::string& service);
/// For a client's flow: "127.0.0.1:9000 (php-fpm)" if the service there is known.
std::string other_end(const Flow& flow);
/// "nginx.service (pid 123)"; "curl (150 processes started by check.sh)"; "a process that is not
/// known".
std::string who(const Flow& flow);
/// " (netns blue)", or empty for the namespace that twtrace runs in.
std::string where(const Observations& seen, std::uint32_t netns);

/// A command that sets a sysctl in the right place: net.ipv4 belongs to a network namespace.
std::string sysctl_line(const NamespaceFacts* facts, std::string_view assignment);
/// "8080,9148-9160"
std::string port_list(const PortSet& ports);
/// The smallest ip_local_reserved_ports that excludes them from connect(), in addition to the
/// present value.
std::string reserve_line(const NamespaceFacts& facts, const std::vector<std::uint16_t>& ports);

/// How to configure this client to keep its connections to the destination open (src/remedies).
std::vector<std::string> keep_alive_lines(const Observations& seen, const Flow& client);
/// How to configure this server not to close first.
std::vector<std::string> server_lines(const Flow& server);
/// The ports with a listener that this range would add. The settings have to be known.
std::vector<std::uint16_t> listeners_in(const NamespaceFacts& facts, const PortRange& wider);
/// The commands that set this port range, after they have reserved the ports with a listener in it.
/// None: it would not give connect() more ports. The settings have to be known.
std::vector<std::string> range_lines(const NamespaceFacts& facts, const PortRange& wider);
/// Ways to free ports at once, without a restart. reuse_helps: connections between these two have
/// TCP timestamps and are not in FIN_WAIT2, so that tcp_tw_reuse has an effect.
std::vector<std::string> port_relief_lines(const NamespaceFacts& facts, const Address& local,
                                           const Address& remote, bool reuse_helps);

} // namespace twtrace::doctor
