#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "closings.h"
#include "errors.h"

namespace live {

namespace {

// Long enough that the test's actions in FIN_WAIT1 precede the FIN.
constexpr Milliseconds long_hold(2000);

void shutdown_to_fin_wait2(Connection& c) {
    c.active.shutdown_write();
    peer_acknowledges(c);
    c.active.await_state(TCP_FIN_WAIT2);
}

} // namespace

Closers rst_in_fin_wait1(Connection& c) {
    hold_back(c.active, c.passive, long_hold);
    c.active.close();
    c.passive.reset();
    return {};
}

Closers rst_in_fin_wait2(Connection& c) {
    shutdown_to_fin_wait2(c);
    c.passive.reset();
    c.active.await_state(TCP_CLOSE);
    return {};
}

Closers rst_kills_minisock(Connection& c) {
    c.active.close();
    peer_acknowledges_orphan(c);
    c.passive.reset();
    return {};
}

Closers linger2_negative(Connection& c) {
    c.active.set(IPPROTO_TCP, TCP_LINGER2, -1);
    c.active.close();
    peer_acknowledges(c);
    c.passive.await_state(TCP_CLOSE);
    return {};
}

Closers linger2_negative_close_in_fin_wait2(Connection& c) {
    shutdown_to_fin_wait2(c);
    c.active.set(IPPROTO_TCP, TCP_LINGER2, -1);
    c.active.close();
    c.passive.await_state(TCP_CLOSE);
    return {};
}

Closers data_in_fin_wait1(Connection& c) {
    hold_back(c.active, c.passive, long_hold);
    c.active.close();
    c.passive.send(100);
    c.passive.await_state(TCP_CLOSE);
    return {};
}

// The data carries the FIN's ACK, unless the kernel's delayed ACK came first.
Closers data_with_the_ack(Connection& c) {
    const auto start = Clock::now();
    c.active.close();
    c.passive.send(100);
    Closers closers;
    closers.doubtful = Clock::now() - start >= Milliseconds(40);
    c.passive.await_state(TCP_CLOSE);
    return closers;
}

Closers data_reaches_full_orphan(Connection& c) {
    c.active.set(IPPROTO_TCP, TCP_LINGER2, 120);
    c.active.close();
    peer_acknowledges(c);
    c.passive.send(100);
    c.passive.await_state(TCP_CLOSE);
    return {};
}

Closers data_reaches_minisock(Connection& c) {
    c.active.close();
    peer_acknowledges_orphan(c);
    c.passive.send(100);
    c.passive.await_state(TCP_CLOSE);
    return {};
}

Closers disconnect_in_fin_wait2(Connection& c) {
    shutdown_to_fin_wait2(c);
    const sockaddr unspecified{AF_UNSPEC, {}};
    check_call(connect(c.active.fd.get(), &unspecified, sizeof unspecified), "disconnect");
    c.passive.await_state(TCP_CLOSE);
    return {};
}

Closers destroyed_in_fin_wait2(Connection& c) {
    shutdown_to_fin_wait2(c);
    if (!diag_destroy(c, c.active)) {
        c.passive.reset(); // gives the same outcome
    }
    c.active.await_state(TCP_CLOSE);
    return {};
}

Closers unread_data(Connection& c) {
    c.passive.send(100);
    c.active.close();
    c.passive.await_state(TCP_CLOSE);
    return {};
}

Closers linger_zero(Connection& c) {
    c.active.reset();
    c.passive.await_state(TCP_CLOSE);
    return {};
}

} // namespace live
