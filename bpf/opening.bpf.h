/* -> ESTABLISHED: when a connection was opened, and by which side. */
#ifndef TWTRACE_OPENING_BPF_H
#define TWTRACE_OPENING_BPF_H

#include "maps.bpf.h"
#include "store.bpf.h"

static __noinline int count_untracked(void) {
    struct twtrace_stats* counts = this_cpu_stats();
    if (counts)
        counts->untracked++;
    return 0;
}

/* ESTABLISHED: remember when, and which side opened it. */
static __noinline int on_established(struct sock* sk, int from) {
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct place place;
    if (!tp)
        return 0;
    if (!store_find(&place, sk) && !store_add(&place)) {
        count_untracked();
        return 0;
    }
    /* The clock of the packet that brought us here, just read (tcp_mstamp_refresh() in
     * tcp_rcv_state_process()). */
    *place.opening = tp->tcp_mstamp << OPENING_TIME_SHIFT |
                     (from == TCP_SYN_SENT ? TWTRACE_ROLE_CLIENT : TWTRACE_ROLE_SERVER);
    return 0;
}

/* Which side opened a connection that is older than tracing: the SYN of the side that connected is
 * counted in bytes_acked (tcp_ack() in SYN_SENT), that of the side that accepted is not
 * (tcp_create_openreq_child()). At -> FIN_WAIT1 our FIN is not sent yet. */
static __noinline int role_by_counters(struct tcp_sock* tp) {
    __u64 sequence_space = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una);
    __u64 payload = tp->bytes_sent - tp->bytes_retrans;
    if (sequence_space == payload + 1)
        return TWTRACE_ROLE_CLIENT;
    return sequence_space == payload ? TWTRACE_ROLE_SERVER : TWTRACE_ROLE_UNKNOWN;
}

/* What is known of a socket's opening. One that was handed over was an earlier socket in the same
 * memory; a connection that is older than tracing is in no place. */
static __always_inline __u64 opening_of(const struct place* place, struct tcp_sock* tp) {
    __u64 role;
    if (place->opening && !(*place->opening & OPENING_HANDED))
        return *place->opening;
    role = role_by_counters(tp) & OPENING_ROLE;
    return role == TWTRACE_ROLE_UNKNOWN ? 0 : role | OPENING_INFERRED;
}

#endif
