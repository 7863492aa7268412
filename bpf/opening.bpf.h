/* From -> ESTABLISHED to -> FIN_WAIT1: which side opened a connection, and who closes it. */
#ifndef TWTRACE_OPENING_BPF_H
#define TWTRACE_OPENING_BPF_H

#include "gate.bpf.h"
#include "store.bpf.h"
#include "task.bpf.h"

static __noinline int count_untracked(void) {
    struct twtrace_stats* counts = this_cpu_stats();
    if (counts)
        counts->untracked++;
    return 0;
}

/* ESTABLISHED: remember when, and which side opened it. */
static __always_inline void on_established(struct sock* sk, int from) {
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct place place = {};
    if (!tp)
        return;
    if (!store_find(&place, sk) && !store_add(&place)) {
        count_untracked();
        return;
    }
    /* The clock of the packet that brought us here, just read (tcp_mstamp_refresh() in
     * tcp_rcv_state_process()). */
    *place.opening = tp->tcp_mstamp << OPENING_TIME_SHIFT |
                     (from == TCP_SYN_SENT ? TWTRACE_ROLE_CLIENT : TWTRACE_ROLE_SERVER);
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

/* The opening of a connection that was established before tracing. */
static __always_inline __u64 opening_by_counters(struct tcp_sock* tp) {
    __u64 role = role_by_counters(tp) & OPENING_ROLE;
    return role == TWTRACE_ROLE_UNKNOWN ? 0 : role | OPENING_INFERRED;
}

/* Who picked the local port: connect() makes port buckets with fastreuse -1, bind() others
 * (__inet_hash_connect(), inet_csk_update_fastreuse()). At -> CLOSE the bucket is gone. */
static __always_inline bool port_is_bound(const struct tcp_sock* tp) {
    struct inet_bind_bucket* bucket = tp->inet_conn.icsk_bind_hash;
    return bucket && bucket->fastreuse >= 0;
}

/* FIN_WAIT1: the one transition that always runs in the context of the task that closes. The task
 * is read before anything else, as in report_current(): each kind of place would make the verifier
 * look at it again (sock_of()). */
static __always_inline void on_fin_wait1(struct sock* sk) {
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct twtrace_task task;
    struct place place = {};
    struct closing* closing;
    __u8 how;
    if (!tp)
        return;
    how = fill_closer(&task, tp);
    /* Not known, or the memory of an earlier socket. */
    if (!store_find(&place, sk) || *place.opening & OPENING_HANDED) {
        if (!place.opening && !store_add(&place)) {
            count_untracked();
            return;
        }
        *place.opening = opening_by_counters(tp);
    }
    closing = closing_of(&place);
    if (!closing)
        return;
    closing->how = how;
    closing->task = task;
    closing->fin_wait1_ns = bpf_ktime_get_ns();
    closing->filtered = !gate_task(&task);
    closing->port_bound = config.tell_port_bound && port_is_bound(tp);
    *place.opening |= OPENING_CLOSING;
}

#endif
