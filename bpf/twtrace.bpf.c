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

/* FIN_WAIT1: the one transition that always runs in the context of the task that closes. */
static __always_inline void on_fin_wait1(struct sock* sk) {
    struct place place = {};
    struct closing* closing;
    struct tcp_sock* tp;
    /* Not known, or the memory of an earlier socket. */
    if (!store_find(&place, sk) || *place.opening & OPENING_HANDED) {
        tp = bpf_skc_to_tcp_sock(sk);
        if (!tp)
            return;
        if (!place.opening && !store_add(&place)) {
            count_untracked();
            return;
        }
        *place.opening = opening_by_counters(tp);
    }
    closing = closing_of(&place);
    if (!closing)
        return;
    closing->how = fill_closer(&closing->task, sk);
    closing->fin_wait1_ns = bpf_ktime_get_ns();
    closing->filtered = !gate_task(&closing->task);
    *place.opening |= OPENING_CLOSING;
}

static __always_inline void fill_opening(struct twtrace_event* event, __u64 opening) {
    event->established_ns = (opening >> OPENING_TIME_SHIFT) * 1000;
    event->role = opening & OPENING_ROLE;
    event->flags |= opening & OPENING_INFERRED ? TWTRACE_FLAG_ROLE_INFERRED : 0;
}

static __always_inline void fill_closing(struct twtrace_event* event,
                                         const struct closing* closing) {
    event->fin_wait1_ns = closing->fin_wait1_ns;
    event->how = closing->how;
    __builtin_memcpy(&event->task, &closing->task, sizeof(event->task));
}

/* An event of a socket whose closer is the task running now: passive close, local abort, connect()
 * without a free port. */
static __noinline int report_current(struct sock* sk, __u32 type, __u32 reason) {
    struct twtrace_event event = {.header = {type, sizeof(event)}, .reason = reason};
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct place place = {};
    if (!tp)
        return 0;
    event.time_ns = bpf_ktime_get_ns();
    event.how = fill_closer(&event.task, sk);
    if (type == TWTRACE_PORT_EXHAUSTED)
        event.role = TWTRACE_ROLE_CLIENT;
    else if (store_find(&place, sk))
        fill_opening(&event, *place.opening);
    else
        fill_opening(&event, opening_by_counters(tp));
    report(&event, sk, tp, !gate_task(&event.task));
    return 0;
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
static __always_inline __u64 time_of_entry(const struct twtrace_event* event,
                                           const struct tcp_sock* tp) {
    if (event->stage == TWTRACE_STAGE_TIME_WAIT || event->how == TWTRACE_HOW_CLOSE)
        return tp->tcp_mstamp * 1000;
    return bpf_ktime_get_ns();
}

static __always_inline void classify(struct twtrace_event* event, struct sock* sk,
                                     struct tcp_sock* tp, bool entered) {
    event->header.type = TWTRACE_ABORTED;
    if (!entered) {
        event->reason = reason_of(sk->sk_err);
        event->time_ns = bpf_ktime_get_ns();
        return;
    }
    event->stage = fin_received(sk) ? TWTRACE_STAGE_TIME_WAIT : TWTRACE_STAGE_FIN_WAIT2;
    event->time_ns = time_of_entry(event, tp);
    if (has_minisock(sk, tp))
        event->header.type = TWTRACE_TIME_WAIT;
    else
        event->reason = TWTRACE_REASON_OVERFLOW;
}

/* An active closer's socket is gone: into TIME_WAIT, or by a reset or a timeout. */
static __noinline int active_closer_gone(struct sock* sk, __u32 entered, __u32 flags) {
    struct twtrace_event event = {.header = {0, sizeof(event)}, .flags = flags};
    bool filtered = config.filter_pid || config.filter_comm || config.cgroup_count;
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct place place = {};
    struct closing* closing = 0;
    if (!tp)
        return 0;
    if (store_find(&place, sk)) {
        fill_opening(&event, *place.opening);
        closing = *place.opening & OPENING_CLOSING ? closing_of(&place) : 0;
    }
    if (closing) {
        fill_closing(&event, closing);
        filtered = closing->filtered;
    }
    classify(&event, sk, tp, entered);
    bool passed = report(&event, sk, tp, filtered);
    if (!place.opening)
        return 0;
    if (event.stage != TWTRACE_STAGE_FIN_WAIT2 || !closing) {
        store_release(&place);
        return 0;
    }
    /* Keep it: data after close(), TCP_LINGER2 < 0 and lack of orphan memory look the same until
     * the reset goes out. */
    closing->filtered = !passed;
    closing->handed_ns = event.time_ns;
    closing->rcv_nxt = tp->rcv_nxt;
    *place.opening |= OPENING_HANDED;
    return 0;
}

static __always_inline void forget(struct sock* sk) {
    struct place place = {};
    if (store_find(&place, sk))
        store_release(&place);
}

static __noinline int connect_failed(struct sock* sk) {
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    if (tp && sk->sk_err == 0 && !tp->inet_conn.icsk_inet.inet_sport)
        report_current(sk, TWTRACE_PORT_EXHAUSTED, TWTRACE_REASON_NONE);
    return 0;
}

static __always_inline void on_close(struct sock* sk, int from) {
    switch (from) {
    case TCP_FIN_WAIT2:
    case TCP_CLOSING:
        active_closer_gone(sk, sk->sk_err == 0, 0);
        return;
    case TCP_FIN_WAIT1:
        active_closer_gone(sk, false, 0);
        return;
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT:
        /* Without an error: SO_LINGER 0, or unread data, in the closer's context. */
        if (sk->sk_err == 0)
            report_current(sk, TWTRACE_ABORTED, TWTRACE_REASON_LOCAL_RESET);
        forget(sk);
        return;
    case TCP_SYN_SENT:
        connect_failed(sk); /* without a source port: connect() gives EADDRNOTAVAIL */
        return;
    default:
        forget(sk);
        return;
    }
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(twtrace_set_state, struct sock* sk, int from, int to) {
    /* Four of the eleven states matter: leave with the others at once. */
    if (to == TCP_CLOSE) {
        on_close(sk, from);
    } else if (to == TCP_ESTABLISHED) {
        on_established(sk, from);
    } else if (to == TCP_FIN_WAIT1) {
        if (from != TCP_FIN_WAIT1) /* close() after shutdown() is 4 -> 4 */
            on_fin_wait1(sk);
    } else if (to == TCP_LAST_ACK) {
        /* The passive closer, in its own context. */
        if (from == TCP_CLOSE_WAIT && (config.types & (1 << TWTRACE_PASSIVE_CLOSE)))
            report_current(sk, TWTRACE_PASSIVE_CLOSE, TWTRACE_REASON_NONE);
    }
    return 0;
}

/* The reset that takes back what only looked like TIME_WAIT. From 6.12 on sk may be NULL, and it
 * may be a minisock or a request socket, which have no more than sock_common. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(twtrace_send_reset, struct sock* sk) {
    struct twtrace_event event = {.header = {TWTRACE_ABORTED, sizeof(event)},
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
    event.time_ns = closing->handed_ns;
    event.reason = TWTRACE_REASON_LOCAL_RESET;
    fill_opening(&event, *place.opening);
    fill_closing(&event, closing);
    counts = gate_netns(sk->__sk_common.skc_net.net->ns.inum) ? this_cpu_stats() : 0;
    if (counts && closing->filtered)
        counts->filtered_retracted++;
    else if (counts)
        counts->retracted++;
    if (!closing->filtered)
        report(&event, sk, tp, false);
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
