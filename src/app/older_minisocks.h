// The time-wait sockets that existed before a run began.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "account/open_namespaces.h"
#include "model/tcp_state.h"

namespace twtrace {

/// A socket in TIME_WAIT or FIN_WAIT2 without a process. listened: there is a listener on its local
/// port. False: skip the rest of this namespace.
using MinisockVisitor =
    std::function<bool(const OpenNamespace&, const TcpSocket& socket, bool listened)>;

/// Visits those of the chosen network namespaces (inodes; empty: all) that entered before since_ns
/// (CLOCK_MONOTONIC). If this process may not list sockets, there are none, and the log says so,
/// with `what`.
void each_older_minisock(const std::vector<std::uint32_t>& chosen, std::uint64_t since_ns,
                         std::string_view what, const MinisockVisitor& visit);

} // namespace twtrace
