// The texts of /proc/PID/net that say what a network namespace answers to: addresses and listening
// sockets. They need no way into the namespace, and so no CAP_SYS_ADMIN.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/address.h"
#include "source/sockets.h"

namespace twtrace {

/// Its own IPv4 addresses in the text of fib_trie, each once, without those of loopback.
std::vector<Address> parse_fib_trie(std::string_view text);
/// Its own IPv6 addresses in the text of if_inet6, without those of loopback and link-local ones,
/// which mean nothing elsewhere.
std::vector<Address> parse_if_inet6(std::string_view text);

/// One line of tcp or tcp6; false: it is none, or no listening socket's. v4-mapped addresses have
/// family 4.
bool parse_listener(std::string_view line, TcpSocket& listener);
/// Calls visit for the listening sockets that stand at the beginning of tcp and tcp6, and reads no
/// further: the others may be a million.
void each_listener(const std::string& net_directory,
                   const std::function<void(const TcpSocket&)>& visit);

} // namespace twtrace
