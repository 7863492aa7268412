// The files of /proc/PID/net that list a network namespace's addresses and listening sockets.
// Reading them needs no setns(), and so no CAP_SYS_ADMIN.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/address.h"
#include "source/sockets.h"

namespace twtrace {

/// The namespace's own IPv4 addresses in the text of fib_trie, each once, without loopback.
std::vector<Address> parse_fib_trie(std::string_view text);
/// The namespace's own IPv6 addresses in the text of if_inet6, without loopback and link-local
/// ones, which are ambiguous outside their link.
std::vector<Address> parse_if_inet6(std::string_view text);

/// Parses one line of tcp or tcp6; false if it is not a listening socket. v4-mapped addresses have
/// family 4.
bool parse_listener(std::string_view line, TcpSocket& listener);
/// Calls visit for the listening sockets, which come first in tcp and tcp6, and stops after them:
/// there may be a million others.
void each_listener(const std::string& net_directory,
                   const std::function<void(const TcpSocket&)>& visit);

} // namespace twtrace
