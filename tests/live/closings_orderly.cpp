#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "closings.h"
#include "errors.h"
#include "netns.h"

namespace live {

namespace {

// Shortest delay of a FIN's ACK (TCP_DELACK_MIN) if the receiver sends nothing itself.
constexpr Milliseconds delayed_ack(40);

constexpr Milliseconds shortest_retransmission(200); // TCP_RTO_MIN

constexpr int longest_linger2_s = 120;

void await_minisock(const Connection& c, const End& end, int substate) {
    await("time-wait minisock in substate " + std::to_string(substate), [&] {
        const DiagState state = diag_state(c, end);
        return state.minisock && state.state == substate;
    });
}

} // namespace

void peer_acknowledges(Connection& c) {
    c.passive.read_to_eof();
    c.passive.ack_now();
}

void peer_acknowledges_orphan(Connection& c) {
    peer_acknowledges(c);
    await_minisock(c, c.active, TCP_FIN_WAIT2);
}

Closers close_then_peer_closes_at_once(Connection& c) {
    const auto start = Clock::now();
    c.active.close();
    // On a busy host our FIN may still be in the backlog: both ends would then close actively.
    c.passive.await_state(TCP_CLOSE_WAIT);
    c.passive.close();
    Closers closers;
    closers.doubtful = Clock::now() - start >= delayed_ack;
    return closers;
}

Closers close_then_peer_acks_and_closes_later(Connection& c) {
    c.active.close();
    peer_acknowledges_orphan(c);
    c.passive.close();
    return {};
}

Closers close_and_peer_vanishes(Connection& c) {
    c.active.close();
    peer_acknowledges_orphan(c);
    c.passive.vanish();
    return {};
}

Closers shutdown_then_peer_closes(Connection& c) {
    c.active.shutdown_write();
    c.passive.read_to_eof();
    c.passive.close();
    c.active.read_to_eof();
    return {};
}

Closers shutdown_then_peer_sends_more(Connection& c) {
    c.active.shutdown_write();
    c.passive.read_to_eof();
    c.passive.send(777);
    c.passive.close();
    c.active.read_to_eof();
    return {};
}

Closers shutdown_both_ways(Connection& c) {
    check_call(shutdown(c.active.fd.get(), SHUT_RDWR), "shutdown");
    peer_acknowledges(c);
    c.active.await_state(TCP_FIN_WAIT2);
    c.passive.close();
    // close() must not be called in FIN_WAIT2: a busy machine may deliver the FIN late.
    c.active.await_state(TCP_CLOSE);
    return {};
}

// Keeping the FIN back holds FIN_WAIT1, so that close() finds it and makes the self-transition
// 4->4.
Closers shutdown_then_close_in_fin_wait1(Connection& c) {
    hold_back(c.active, c.passive, Milliseconds(30));
    c.active.shutdown_write();
    c.active.close();
    peer_acknowledges_orphan(c);
    c.passive.close();
    return {};
}

Closers shutdown_then_close_in_fin_wait2(Connection& c) {
    c.active.shutdown_write();
    peer_acknowledges(c);
    c.active.await_state(TCP_FIN_WAIT2);
    c.active.close();
    c.passive.close();
    return {};
}

// With a timeout above 60 s the orphan stays a full socket with the keepalive timer, not a
// minisock.
Closers fin_reaches_full_orphan(Connection& c) {
    c.active.set(IPPROTO_TCP, TCP_LINGER2, longest_linger2_s);
    c.active.close();
    peer_acknowledges(c);
    c.passive.close();
    return {};
}

// One second on the timer, then one second as a minisock.
Closers full_orphan_times_out(Connection& c) {
    c.active.set(IPPROTO_TCP, TCP_LINGER2, 61);
    c.active.close();
    peer_acknowledges_orphan(c);
    c.passive.vanish();
    return {};
}

Closers short_fin_wait2(Connection& c) {
    c.active.set(IPPROTO_TCP, TCP_LINGER2, 2);
    c.active.close();
    peer_acknowledges_orphan(c);
    c.passive.close();
    return {};
}

// The slow lane keeps both FINs in flight until both ends have closed.
Closers simultaneous(Connection& c) {
    c.active.set(SOL_SOCKET, SO_PRIORITY, TestNamespace::slow_lane);
    c.passive.set(SOL_SOCKET, SO_PRIORITY, TestNamespace::slow_lane);
    // Uses up the lane's tokens, because the first packet of an idle lane passes at once.
    c.active.send_all_to(c.passive, 500);
    const auto start = Clock::now();
    c.active.close();
    c.passive.close();
    Closers closers;
    closers.doubtful = diag_state(c, c.active).state != TCP_FIN_WAIT1 ||
                       diag_state(c, c.passive).state != TCP_FIN_WAIT1;
    if (!closers.doubtful) {
        await_minisock(c, c.active, TCP_TIME_WAIT);
        await_minisock(c, c.passive, TCP_TIME_WAIT);
    }
    // Retransmissions on a busy lane may arrive in any order.
    closers.doubtful = closers.doubtful || Clock::now() - start > shortest_retransmission;
    return closers;
}

// The passive end has closed too but its FIN is not sent yet: it goes to CLOSING, and the other end
// first sees an ACK.
Closers crossing(Connection& c) {
    hold_back(c.passive, c.active, Milliseconds(60));
    c.passive.close();
    c.active.close();
    Closers closers;
    closers.doubtful = diag_state(c, c.passive).state != TCP_CLOSING;
    if (!closers.doubtful) {
        await_minisock(c, c.active, TCP_TIME_WAIT);
        await_minisock(c, c.passive, TCP_TIME_WAIT);
    }
    return closers;
}

} // namespace live
