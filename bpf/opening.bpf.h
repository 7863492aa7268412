/* -> ESTABLISHED: when a connection was opened, and by which side. */
#ifndef TWTRACE_OPENING_BPF_H
#define TWTRACE_OPENING_BPF_H

#include "maps.bpf.h"
#include "mptcp.bpf.h"
#include "store.bpf.h"

/* Remembers when the connection was established, and which side opened it. */
static __noinline int on_established(struct sock* sk, int from) {
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct place place;
    __u64 role = from == TCP_SYN_SENT ? TWTRACE_ROLE_CLIENT : TWTRACE_ROLE_SERVER;
    if (!tp)
        return sk->sk_protocol == IPPROTO_MPTCP ? on_mptcp(sk, TCP_ESTABLISHED) : 0;
    if (store_find(&place, sk)) {
        /* The socket was in SYN_SENT before SYN_RECV (on_simultaneous_open()). */
        if (store_get(&place) == TWTRACE_ROLE_CLIENT)
            role = TWTRACE_ROLE_CLIENT;
    } else if (!store_add(&place)) {
        count_untracked();
        return 0;
    }
    /* TCP_REPAIR (CRIU) restores a connection: which side opened it, and when, is unknown. */
    if (BPF_CORE_READ_BITFIELD(tp, repair)) {
        store_put(&place, 0);
        return 0;
    }
    /* The time of the packet that caused this transition, just read (tcp_mstamp_refresh() in
     * tcp_rcv_state_process()). */
    store_put(&place, tp->tcp_mstamp << OPENING_TIME_SHIFT | role);
    return 0;
}

/* SYN_SENT -> SYN_RECV: a simultaneous open (RFC 9293, 3.5), or the socket connects to itself. The
 * side that called connect() is the client. */
static __noinline int on_simultaneous_open(struct sock* sk) {
    struct place place;
    if (!bpf_skc_to_tcp_sock(sk))
        return 0;
    if (store_find(&place, sk) || store_add(&place))
        store_put(&place, TWTRACE_ROLE_CLIENT); /* no time: not established yet */
    return 0;
}

/* Which side opened a connection that is older than the trace: the SYN of the connecting side is
 * counted in bytes_acked (tcp_ack() in SYN_SENT), that of the accepting side is not
 * (tcp_create_openreq_child()). At -> FIN_WAIT1 our FIN is not sent yet. */
static __noinline int role_by_counters(struct tcp_sock* tp) {
    __u64 sequence_space = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una);
    __u64 payload = tp->bytes_sent - tp->bytes_retrans;
    if (sequence_space == payload + 1)
        return TWTRACE_ROLE_CLIENT;
    return sequence_space == payload ? TWTRACE_ROLE_SERVER : TWTRACE_ROLE_UNKNOWN;
}

/* What is known of a socket's opening before it closes. A connection that is older than the trace
 * has no place. */
static __always_inline __u64 opening_of(const struct place* place, struct tcp_sock* tp) {
    __u64 role, opening;
    if (store_opening(place, &opening))
        return opening;
    role = role_by_counters(tp) & OPENING_ROLE;
    return role == TWTRACE_ROLE_UNKNOWN ? 0 : role | OPENING_INFERRED;
}

#endif
