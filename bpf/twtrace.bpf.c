/* The story of a close, told by sock:inet_sock_set_state. The tracepoint never says TIME_WAIT: the
 * kernel replaces the socket by a minisock and closes the original, so the entry is derived
 * (FIN_WAIT2 or CLOSING -> CLOSE without an error), and taken back when tcp:tcp_send_reset fires
 * for the same socket right after. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "emit.bpf.h"
#include "maps.bpf.h"
#include "minisock.bpf.h"
#include "store.bpf.h"
#include "task.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

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

/* An event of a socket whose closer is the task running now: passive close, local abort, connect()
 * without a free port. */
static __noinline int report_current(struct sock* sk, __u64 type) {
    struct facts facts = {};
    struct twtrace_task task;
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct place place = {};
    if (!tp)
        return 0;
    facts.how = fill_closer(&task, tp);
    facts.type = type;
    if (type == TWTRACE_PORT_EXHAUSTED)
        facts.opening = TWTRACE_ROLE_CLIENT;
    else if (store_find(&place, sk))
        facts.opening = *place.opening;
    else
        facts.opening = opening_by_counters(tp);
    if (type == TWTRACE_ABORTED)
        facts.reason = TWTRACE_REASON_LOCAL_RESET;
    if (!is_wanted(sk, tp, &facts, !gate_task(&task)))
        return 0;
    if (config.count_passive && type == TWTRACE_PASSIVE_CLOSE &&
        count_passive(&facts, sk, tp, &task))
        return 0;
    facts.time_ns = bpf_ktime_get_ns();
    return send(&facts, sk, tp, &task);
}

/* include/uapi/asm-generic/errno.h */
#define EPIPE 32
#define ECONNRESET 104
#define ETIMEDOUT 110

static __always_inline __u32 reason_of(int error) {
    if (error == ECONNRESET || error == EPIPE)
        return TWTRACE_REASON_PEER_RESET;
    return error == ETIMEDOUT ? TWTRACE_REASON_TIMEOUT : TWTRACE_REASON_OTHER;
}

/* When a hand-over took place. The peer's FIN, the last ACK and the timers have just read the clock
 * for us; only shutdown() lets close() in FIN_WAIT2 come long after the last packet. */
static __always_inline __u64 time_of_entry(const struct facts* facts, const struct tcp_sock* tp) {
    if (facts->stage == TWTRACE_STAGE_TIME_WAIT || facts->how == TWTRACE_HOW_CLOSE)
        return tp->tcp_mstamp * 1000;
    return bpf_ktime_get_ns();
}

static __always_inline void classify(struct facts* facts, struct sock* sk, struct tcp_sock* tp,
                                     bool entered) {
    facts->type = TWTRACE_ABORTED;
    if (!entered) {
        facts->reason = reason_of(sk->sk_err);
        facts->time_ns = bpf_ktime_get_ns();
        return;
    }
    facts->stage = fin_received(sk) ? TWTRACE_STAGE_TIME_WAIT : TWTRACE_STAGE_FIN_WAIT2;
    facts->time_ns = time_of_entry(facts, tp);
    if (has_minisock(sk, tp))
        facts->type = TWTRACE_TIME_WAIT;
    else
        facts->reason = TWTRACE_REASON_OVERFLOW;
}

/* Data after close(), TCP_LINGER2 < 0 and lack of orphan memory look like TIME_WAIT in substate
 * FIN_WAIT2 until the reset goes out: such a socket is kept in mind. */
static __always_inline void settle_place(struct place* place, struct closing* closing,
                                         const struct facts* facts, struct tcp_sock* tp,
                                         bool wanted) {
    if (!place->opening)
        return;
    if (facts->stage != TWTRACE_STAGE_FIN_WAIT2 || !closing) {
        store_release(place);
        return;
    }
    closing->filtered = !wanted;
    closing->handed_ns = facts->time_ns;
    closing->rcv_nxt = tp->rcv_nxt;
    *place->opening |= OPENING_HANDED;
}

/* An active closer's socket is gone: into TIME_WAIT, or by a reset or a timeout. The place in the
 * store is done with before the event is sent: the verifier then need not follow send() for each
 * kind of place. */
static __noinline int active_closer_gone(struct sock* sk, __u32 entered, __u32 flags) {
    bool filtered = config.filter_pid || config.filter_comm || config.cgroup_count;
    struct facts facts = {.flags = flags};
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct twtrace_task task = {};
    struct place place = {};
    struct closing* closing = 0;
    if (!tp)
        return 0;
    if (store_find(&place, sk)) {
        facts.opening = *place.opening;
        closing = facts.opening & OPENING_CLOSING ? closing_of(&place) : 0;
    }
    if (closing) {
        facts.fin_wait1_ns = closing->fin_wait1_ns;
        facts.how = closing->how;
        facts.flags |= closing->port_bound ? TWTRACE_FLAG_PORT_BOUND : 0;
        filtered = closing->filtered;
        task = closing->task;
    }
    classify(&facts, sk, tp, entered);
    bool wanted = is_wanted(sk, tp, &facts, filtered);
    settle_place(&place, closing, &facts, tp, wanted);
    return wanted ? send(&facts, sk, tp, &task) : 0;
}

static __noinline int forget(struct sock* sk) {
    struct place place = {};
    if (store_find(&place, sk))
        store_release(&place);
    return 0;
}

/* connect() gives EADDRNOTAVAIL: it never got a source port, and no answer either. */
static __always_inline bool no_port_was_free(struct sock* sk) {
    struct tcp_sock* tp = sk->sk_err == 0 ? bpf_skc_to_tcp_sock(sk) : 0;
    return tp && !tp->inet_conn.icsk_inet.inet_sport;
}

static __always_inline bool is_one_of(int state, __u32 states) {
    return 1u << (state & 31) & states;
}

/* What the running task did to its own socket; 0: nothing to report. */
static __always_inline __u32 act_of_current(struct sock* sk, int from, int to) {
    if (to == TCP_LAST_ACK)
        return from == TCP_CLOSE_WAIT ? TWTRACE_PASSIVE_CLOSE : 0;
    if (from == TCP_SYN_SENT)
        return no_port_was_free(sk) ? TWTRACE_PORT_EXHAUSTED : 0;
    /* Without an error: SO_LINGER 0, or unread data. */
    if (is_one_of(from, 1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT) && sk->sk_err == 0)
        return TWTRACE_ABORTED;
    return 0;
}

/* The same number, but one that the verifier does not know, and so follows once for all values. */
static __always_inline __u64 unknown_to_verifier(__u64 number, struct sock* sk) {
    __u64 unknown = key_of(sk);
    number ^= unknown;
    barrier_var(number);
    return number ^ unknown;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(twtrace_set_state, struct sock* sk, int from, int to) {
    __u32 act;
    /* Four of the eleven states matter: leave with the others at once. */
    if (to == TCP_ESTABLISHED) {
        on_established(sk, from);
        return 0;
    }
    if (to == TCP_FIN_WAIT1) {
        if (from != TCP_FIN_WAIT1) /* close() after shutdown() is 4 -> 4 */
            on_fin_wait1(sk);
        return 0;
    }
    if (to != TCP_CLOSE && to != TCP_LAST_ACK)
        return 0;
    if (to == TCP_CLOSE &&
        is_one_of(from, 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 | 1u << TCP_CLOSING)) {
        active_closer_gone(sk, from != TCP_FIN_WAIT1 && sk->sk_err == 0, 0);
        return 0;
    }
    act = act_of_current(sk, from, to);
    if (config.types & (1u << act) & ~1u)
        report_current(sk, unknown_to_verifier(act, sk));
    if (to == TCP_CLOSE)
        forget(sk);
    return 0;
}

/* The reset that takes back what only looked like TIME_WAIT. From 6.12 on sk may be NULL, and it
 * may be a minisock or a request socket, which have no more than sock_common. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(twtrace_send_reset, struct sock* sk) {
    struct facts facts = {.type = TWTRACE_ABORTED,
                          .reason = TWTRACE_REASON_LOCAL_RESET,
                          .flags = TWTRACE_FLAG_RETRACTS};
    struct place place = {};
    struct twtrace_stats* counts;
    struct closing* closing;
    struct tcp_sock* tp;
    if (!sk || sk->__sk_common.skc_state != TCP_CLOSE)
        return 0;
    if (!store_find(&place, sk) || !(*place.opening & OPENING_HANDED))
        return 0;
    closing = closing_of(&place);
    tp = bpf_skc_to_tcp_sock(sk);
    if (!closing || !tp || closing->rcv_nxt != tp->rcv_nxt)
        return 0;
    facts.time_ns = closing->handed_ns;
    facts.opening = *place.opening;
    facts.fin_wait1_ns = closing->fin_wait1_ns;
    facts.how = closing->how;
    counts = gate_netns(netns_of(tp)) ? this_cpu_stats() : 0;
    if (counts && closing->filtered)
        counts->filtered_retracted++;
    else if (counts)
        counts->retracted++;
    if (!closing->filtered && is_wanted(sk, tp, &facts, false))
        send(&facts, sk, tp, &closing->task);
    store_release(&place);
    return 0;
}

/* The catcher: a softirq that interrupts twtrace_set_state on its CPU makes the kernel skip it for
 * the inner transition (recursion_misses). The end of the socket then passes here within the same
 * softirq, with its place in the store still taken. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(twtrace_destroy_sock, struct sock* sk) {
    struct place place = {};
    struct twtrace_stats* counts;
    struct tcp_sock* tp;
    if (!store_find(&place, sk) || *place.opening & OPENING_HANDED)
        return 0;
    tp = bpf_skc_to_tcp_sock(sk);
    if (!tp || !(*place.opening & OPENING_CLOSING)) {
        store_release(&place);
        return 0;
    }
    /* Our FIN was acknowledged and nothing failed: this was FIN_WAIT2 or CLOSING -> CLOSE. */
    bool entered = sk->sk_err == 0 && tp->snd_una == tp->write_seq;
    counts = this_cpu_stats();
    if (counts)
        counts->caught[entered ? TWTRACE_TIME_WAIT : TWTRACE_ABORTED]++;
    active_closer_gone(sk, entered, TWTRACE_FLAG_CAUGHT);
    return 0;
}

/* A container that lives for a moment takes its cgroup with it: user space learns the name when it
 * is made. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(twtrace_cgroup_mkdir, struct cgroup* cgroup, const char* path) {
    struct twtrace_cgroup* made;
    long length;
    if (cgroup->root->hierarchy_id != 0) /* v1: another file system, with ids of its own */
        return 0;
    made = bpf_ringbuf_reserve(&ring, sizeof(*made), 0);
    if (!made)
        return 0;
    made->header.type = TWTRACE_CGROUP_MADE;
    made->header.length = sizeof(*made);
    made->reserved = 0;
    made->id = cgroup->kn->id;
    length = bpf_probe_read_kernel_str(made->path, sizeof(made->path), path);
    if (length <= 0 || length == sizeof(made->path)) /* too long to be any use */
        bpf_ringbuf_discard(made, BPF_RB_NO_WAKEUP);
    else
        bpf_ringbuf_submit(made, BPF_RB_NO_WAKEUP);
    return 0;
}

/* Asked once by user space (BPF_PROG_RUN): does this kernel count TcpExt TW when the minisock ends?
 * Those that do remember in tw_kill which counter it will be; later ones count when it is
 * scheduled, and have no such field (docs/kernels.md). */
SEC("raw_tp/inet_sock_set_state")
int twtrace_counts_at_end(void* ctx) {
    return bpf_core_field_exists(struct inet_timewait_sock___at_end, tw_kill);
}
