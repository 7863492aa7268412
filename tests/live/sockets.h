// Pairs of connected TCP sockets on loopback, and operations on them.
#pragma once

#include <cstdint>
#include <string>

#include "fd.h"
#include "wait_until.h"

namespace live {

enum class Family { V4, V6, Mapped };
enum class Role { Client, Server };

struct Endpoint {
    std::string addr; ///< canonical text; v4-mapped as v4
    std::uint16_t port = 0;
};

/// One end of a connection, with the payload that it has sent and read so far.
struct End {
    Fd fd;
    Role role = Role::Client;
    Endpoint local;
    Endpoint remote;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;

    void send(std::uint64_t bytes);
    void send_all_to(End& peer, std::uint64_t bytes);
    void read_to_eof();
    void shutdown_write() const;
    void close() { fd.reset(); }
    /// close() that sends an RST.
    void reset();
    /// close() without a segment (TCP_REPAIR): the peer does not notice it.
    void vanish();
    void set(int level, int option, int value) const;
    /// After EOF was read: sends the ACK that the kernel delays by 40 ms.
    void ack_now() const;
    int tcp_state() const;
    void await_state(int state) const;
};

struct Connection {
    Family family = Family::V4;
    End active;
    End passive;
};

/// A new connection whose client or server end is `active`; the listener lives as long as the
/// process.
Connection connect_pair(Family family, Role active);
/// The port on which connect_pair() listens in this process, instead of any free one; to be called
/// before the first connection.
void listen_on(std::uint16_t port);
/// Keeps what `end` sends next, including its FIN, in its send queue for about `hold` (TCP pacing).
void hold_back(End& end, End& peer, Milliseconds hold);

/// State from inet_diag of an end whose descriptor may be closed.
struct DiagState {
    int state = 0;         ///< 0: no such socket
    bool minisock = false; ///< a time-wait minisock, `state` is its substate
};
DiagState diag_state(Family family, const Endpoint& local, const Endpoint& remote);
inline DiagState diag_state(const Connection& c, const End& end) {
    return diag_state(c.family, end.local, end.remote);
}
/// Like `ss -K`; false if the kernel has no INET_DIAG_DESTROY.
bool diag_destroy(const Connection& connection, const End& end);

} // namespace live
