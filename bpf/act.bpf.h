/* What a task does to its own socket, observed in the context of that task: a close on either side,
 * an abort, or a connect() without a free port. */
#ifndef TWTRACE_ACT_BPF_H
#define TWTRACE_ACT_BPF_H

#include "closer.bpf.h"
#include "emit.bpf.h"
#include "fin.bpf.h"
#include "gate.bpf.h"
#include "mptcp.bpf.h"
#include "opening.bpf.h"
#include "passive.bpf.h"
#include "task.bpf.h"

/* Does this transition belong to a connect() that fails with EADDRNOTAVAIL? Such a socket got no
 * source port and no answer, or bind() had chosen the port and a connection from it to that peer
 * exists. close() of a socket whose SYN is unanswered differs from the second case only in
 * sk_shutdown and the SYN. */
static __always_inline bool no_port_was_free(struct sock* sk) {
    struct tcp_sock* tp = sk->sk_err == 0 ? bpf_skc_to_tcp_sock(sk) : 0;
    if (!tp)
        return false;
    return !tp->inet_conn.icsk_inet.inet_sport ||
           (user_locks(tp) && !sock_of(tp)->sk_shutdown && !tp->packets_out);
}

static __always_inline __u32 reason_of_no_port(const struct tcp_sock* tp) {
    if (tp->inet_conn.icsk_inet.inet_sport)
        return TWTRACE_REASON_PORT_TAKEN;
    return has_own_range(tp) ? TWTRACE_REASON_OWN_RANGE : TWTRACE_REASON_NONE;
}

static __always_inline bool is_one_of(int state, __u32 states) {
    return 1u << (state & 31) & states;
}

/* The event that the running task's act leads to; 0: none is reported. -> FIN_WAIT1 is the only
 * transition of an active close that runs in the context of the closing task (but see
 * is_softirq_fin()). */
static __always_inline __u32 act_of_current(struct sock* sk, int from, int to) {
    if (to == TCP_FIN_WAIT1)
        return from != TCP_FIN_WAIT1 ? TWTRACE_TIME_WAIT : 0; /* close() after shutdown(): 4 -> 4 */
    if (to == TCP_LAST_ACK)
        return is_asked_for(TWTRACE_PASSIVE_CLOSE) && from == TCP_CLOSE_WAIT ? TWTRACE_PASSIVE_CLOSE
                                                                             : 0;
    if (from == TCP_SYN_SENT)
        return is_asked_for(TWTRACE_PORT_EXHAUSTED) && no_port_was_free(sk) ? TWTRACE_PORT_EXHAUSTED
                                                                            : 0;
    /* Without an error: SO_LINGER 0, or unread data. */
    if (is_asked_for(TWTRACE_ABORTED) &&
        is_one_of(from, 1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT) && sk->sk_err == 0)
        return TWTRACE_ABORTED;
    return 0;
}

/* Did bind() choose the local port? connect() creates port buckets with fastreuse -1, bind()
 * creates others (__inet_hash_connect(), inet_csk_update_fastreuse()). At -> CLOSE the bucket is
 * gone. */
static __always_inline bool port_is_bound(const struct tcp_sock* tp) {
    struct inet_bind_bucket* bucket = tp->inet_conn.icsk_bind_hash;
    return bucket && bucket->fastreuse >= 0;
}

/* Remembers the closer at the start of an active close. The event is reported at the end of the
 * socket (active_closer_gone()). */
static __noinline int remember_closer(struct sock* sk, struct tcp_sock* tp,
                                      const struct twtrace_task* task, __u64 how_and_filtered) {
    __u64 how = how_and_filtered & OPENING_HOW;
    struct place place;
    __u64 opening, began;
    bool known = store_find(&place, sk);
    opening = unknown_to_verifier(opening_of(&place, tp), tp);
    if (!known && !store_add(&place))
        return count_untracked();
    began = note_fin(tp) | how << OPENING_HOW_SHIFT;
    if (how_and_filtered & ACT_FILTERED)
        began |= OPENING_FILTERED;
    else
        count_closing(true);
    if (config.report_port_bound && port_is_bound(tp))
        began |= OPENING_PORT_BOUND;
    store_put_closer(&place, sk, began, task);
    store_put(&place, opening | OPENING_CLOSING);
    return 0;
}

/* Reports an act immediately. */
static __noinline int report(struct sock* sk, struct tcp_sock* tp, __u64 type,
                             const struct twtrace_task* task, __u64 how_and_filtered) {
    struct facts facts = {
        .type = type, .how = how_and_filtered & OPENING_HOW, .opening = TWTRACE_ROLE_CLIENT};
    struct place place;
    facts.netns = netns_of(tp);
    if (type != TWTRACE_PORT_EXHAUSTED) {
        bool known = store_find(&place, sk);
        facts.opening = opening_of(&place, tp);
        if (type == TWTRACE_PASSIVE_CLOSE && known)
            store_release(&place); /* here, because the place is known */
    }
    facts.opening = unknown_to_verifier(facts.opening, tp);
    if (type == TWTRACE_PORT_EXHAUSTED)
        facts.reason = unknown_to_verifier(reason_of_no_port(tp), tp);
    else if (type == TWTRACE_ABORTED) /* in TCP_REPAIR no segment is sent */
        facts.reason = unknown_to_verifier(
            BPF_CORE_READ_BITFIELD(tp, repair) ? TWTRACE_REASON_OTHER : TWTRACE_REASON_LOCAL_RESET,
            tp);
    if (!is_wanted(sk, tp, &facts, how_and_filtered & ACT_FILTERED))
        return 0;
    if (config.count_passive && type == TWTRACE_PASSIVE_CLOSE &&
        count_passive(&facts, sk, tp, task))
        return 0;
    facts.time_ns = bpf_ktime_get_ns();
    return send(&facts, sk, tp, task);
}

/* The only place that reads the task, before any code that creates paths: the verifier takes
 * milliseconds for it at each visit (sock_of()). */
/* After shutdown() in SYN_RECV (TCP Fast Open) a softirq sends the FIN, when the connection is
 * established (kernel commit 94062790aedb, also in stable kernels). Only then no task holds the
 * socket's lock. The worker that closes an MPTCP subflow may not hold it either. */
static __always_inline bool is_softirq_fin(const struct sock* sk, const struct tcp_sock* tp) {
    return !sk->sk_lock.owned && !is_subflow(tp);
}

static __noinline int on_act(struct sock* sk, __u64 act) {
    const __u32 reported_at_once =
        1u << TWTRACE_PASSIVE_CLOSE | 1u << TWTRACE_ABORTED | 1u << TWTRACE_PORT_EXHAUSTED;
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct twtrace_task task;
    __u64 how;
    if (!tp || (act == TWTRACE_TIME_WAIT && is_softirq_fin(sk, tp)))
        return 0; /* the running task is any */
    how = fill_closer(&task, tp);
    if (how == TWTRACE_HOW_KERNEL && is_subflow(tp))
        how = use_parents_closer(&task, tp);
    else if (!gate_task(&task))
        how |= ACT_FILTERED;
    how = unknown_to_verifier(how, tp);
    if (act == TWTRACE_TIME_WAIT || !(config.types & reported_at_once))
        return remember_closer(sk, tp, &task, how);
    return report(sk, tp, act, &task, how);
}

#endif
