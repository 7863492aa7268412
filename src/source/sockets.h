// The present TCP sockets of a network namespace, from inet_diag, as in `ss`.
#pragma once

#include <cstdint>
#include <functional>

#include "model/address.h"
#include "model/tcp_state.h"
#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

struct TcpSocket {
    TcpState state = TcpState::Close;
    bool minisock = false; ///< a time-wait minisock; its state is its substate: TIME_WAIT or
                           ///< FIN_WAIT2 (false: a FIN_WAIT2 is a full socket)
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;
    Address local; ///< v4-mapped ones as family 4
    Address remote;
    std::uint32_t remaining_ms = 0; ///< remaining life of a minisock
    std::uint32_t inode = 0;        ///< 0: no file descriptor
    std::uint32_t uid = 0;          ///< of the socket's file; undefined if inode is 0
};

/// False: stop the dump.
using SocketVisitor = std::function<bool(const TcpSocket&)>;

class SocketDump {
  public:
    /// Bound permanently to the calling thread's network namespace: dump() may run in any thread.
    static Result<SocketDump> open();

    /// Calls visit for each socket in one of these states (mask_of), IPv4 and IPv6, in no order.
    /// FIN_WAIT2 in the mask gives both full sockets and minisocks. No allocation per socket.
    /// Sockets that are created or freed during the dump may be missed or visited twice.
    Result<void> dump(std::uint32_t states, const SocketVisitor& visit);

  private:
    explicit SocketDump(Fd netlink) : netlink_(std::move(netlink)) {}

    Fd netlink_;
    std::uint32_t sequence_ = 0;
};

} // namespace twtrace
