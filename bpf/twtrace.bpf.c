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

/* ESTABLISHED: remember when, and which side opened it. */
static __always_inline void on_established(struct sock* sk, struct tcp_sock* tp, int from) {
    struct slot* slot = store_insert((__u64)sk);
    struct twtrace_stats* counts;
    if (!slot) {
        counts = this_cpu_stats();
        if (counts)
            counts->untracked++;
        return;
    }
    /* The clock of the packet that brought us here, just read (tcp_mstamp_refresh() in
     * tcp_rcv_state_process()). */
    slot->established_ns = tp->tcp_mstamp * 1000;
    slot->role = from == TCP_SYN_SENT ? TWTRACE_ROLE_CLIENT : TWTRACE_ROLE_SERVER;
    slot->role_inferred = 0;
    slot->state = SLOT_OPEN;
}

/* Which side opened a connection that is older than tracing: the SYN of the side that connected is
 * counted in bytes_acked (tcp_ack() in SYN_SENT), that of the side that accepted is not
 * (tcp_create_openreq_child()). At -> FIN_WAIT1 our FIN is not sent yet. */
static __always_inline __u8 role_by_counters(struct tcp_sock* tp) {
    __u64 sequence_space = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una);
    __u64 payload = tp->bytes_sent - tp->bytes_retrans;
    if (sequence_space == payload + 1)
        return TWTRACE_ROLE_CLIENT;
    return sequence_space == payload ? TWTRACE_ROLE_SERVER : TWTRACE_ROLE_UNKNOWN;
}

/* Who picked the local port: connect() makes port buckets with fastreuse -1, bind() others
 * (__inet_hash_connect(), inet_csk_update_fastreuse()). At -> CLOSE the bucket is gone. */
static __always_inline bool port_is_bound(const struct tcp_sock* tp) {
    struct inet_bind_bucket* bucket = tp->inet_conn.icsk_bind_hash;
    return bucket && bucket->fastreuse >= 0;
}

/* FIN_WAIT1: the one transition that always runs in the context of the task that closes. */
static __always_inline void on_fin_wait1(struct sock* sk, struct tcp_sock* tp) {
    struct slot* slot = store_find((__u64)sk);
    struct twtrace_stats* counts;
    if (!slot ||
        slot->state ==
            SLOT_HANDED) { /* established before tracing, or the memory of another socket */
        slot = store_insert((__u64)sk);
        if (!slot) {
            counts = this_cpu_stats();
            if (counts)
                counts->untracked++;
            return;
        }
        slot->established_ns = 0;
        slot->role = role_by_counters(tp);
        slot->role_inferred = slot->role != TWTRACE_ROLE_UNKNOWN;
    }
    slot->how = fill_closer(&slot->task, sk);
    slot->fin_wait1_ns = bpf_ktime_get_ns();
    slot->filtered = !gate_task(&slot->task);
    slot->port_bound = port_is_bound(tp);
    slot->state = SLOT_CLOSING;
}

static __always_inline void fill_opening(struct twtrace_event* event, const struct slot* slot) {
    event->established_ns = slot->established_ns;
    event->role = slot->role;
    event->flags |= slot->role_inferred ? TWTRACE_FLAG_ROLE_INFERRED : 0;
}

static __always_inline void fill_from_slot(struct twtrace_event* event, const struct slot* slot) {
    fill_opening(event, slot);
    if (slot->state == SLOT_OPEN)
        return;
    event->fin_wait1_ns = slot->fin_wait1_ns;
    event->how = slot->how;
    event->flags |= slot->port_bound ? TWTRACE_FLAG_PORT_BOUND : 0;
    __builtin_memcpy(&event->task, &slot->task, sizeof(event->task));
}

/* An event of a socket whose closer is the task running now: passive close, local abort. */
static __always_inline bool fill_from_current(struct twtrace_event* event, struct sock* sk,
                                              struct tcp_sock* tp) {
    struct slot* slot = store_find((__u64)sk);
    event->how = fill_closer(&event->task, sk);
    if (slot) {
        fill_opening(event, slot);
    } else {
        event->role = role_by_counters(tp);
        event->flags |= event->role ? TWTRACE_FLAG_ROLE_INFERRED : 0;
    }
    return gate_task(&event->task);
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

/* An active closer's socket is gone: into TIME_WAIT, or by a reset or a timeout. */
static __always_inline void active_closer_gone(struct sock* sk, struct tcp_sock* tp,
                                               struct slot* slot, bool entered, __u32 flags) {
    struct twtrace_event event = {.header = {TWTRACE_ABORTED, sizeof(event)}, .flags = flags};
    bool filtered = config.filter_pid || config.filter_comm;
    fill_socket(&event, sk, tp);
    if (slot) {
        fill_from_slot(&event, slot);
        if (slot->state != SLOT_OPEN)
            filtered = slot->filtered;
    }
    if (!entered) {
        event.reason = reason_of(sk->sk_err);
    } else {
        event.stage = fin_received(sk) ? TWTRACE_STAGE_TIME_WAIT : TWTRACE_STAGE_FIN_WAIT2;
        if (has_minisock(sk, event.local_port))
            event.header.type = TWTRACE_TIME_WAIT;
        else
            event.reason = TWTRACE_REASON_OVERFLOW;
    }
    /* The peer's FIN has just read the clock for us; close() in FIN_WAIT2 may come long after the
     * last packet. */
    if (event.stage == TWTRACE_STAGE_TIME_WAIT)
        event.time_ns = tp->tcp_mstamp * 1000;
    else
        event.time_ns = bpf_ktime_get_ns();
    bool passed = submit(&event, filtered);
    if (event.stage != TWTRACE_STAGE_FIN_WAIT2 || !slot) {
        store_release((__u64)sk);
        return;
    }
    /* Keep it: data after close(), TCP_LINGER2 < 0 and lack of orphan memory look the same until
     * the reset goes out. */
    slot->filtered = !passed;
    slot->handed_ns = event.time_ns;
    slot->rcv_nxt = tp->rcv_nxt;
    slot->state = SLOT_HANDED;
}

/* ESTABLISHED or CLOSE_WAIT -> CLOSE without an error: SO_LINGER 0, or unread data. Runs in the
 * closer's context. */
static __always_inline void local_abort(struct sock* sk, struct tcp_sock* tp) {
    struct twtrace_event event = {.header = {TWTRACE_ABORTED, sizeof(event)}};
    event.time_ns = bpf_ktime_get_ns();
    event.reason = TWTRACE_REASON_LOCAL_RESET;
    fill_socket(&event, sk, tp);
    submit(&event, !fill_from_current(&event, sk, tp));
}

/* SYN_SENT -> CLOSE without a source port: connect() gives EADDRNOTAVAIL. */
static __always_inline void port_exhausted(struct sock* sk, struct tcp_sock* tp) {
    struct twtrace_event event = {.header = {TWTRACE_PORT_EXHAUSTED, sizeof(event)},
                                  .role = TWTRACE_ROLE_CLIENT};
    event.time_ns = bpf_ktime_get_ns();
    fill_socket(&event, sk, tp);
    fill_task(&event.task);
    submit(&event, !gate_task(&event.task));
}

static __always_inline void on_close(struct sock* sk, struct tcp_sock* tp, int from) {
    int error = sk->sk_err;
    switch (from) {
    case TCP_FIN_WAIT2:
    case TCP_CLOSING:
        active_closer_gone(sk, tp, store_find((__u64)sk), error == 0, 0);
        return;
    case TCP_FIN_WAIT1:
        active_closer_gone(sk, tp, store_find((__u64)sk), false, 0);
        return;
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT:
        if (error == 0)
            local_abort(sk, tp);
        break;
    case TCP_SYN_SENT:
        if (error == 0 && !tp->inet_conn.icsk_inet.inet_sport)
            port_exhausted(sk, tp);
        return;
    default:
        break;
    }
    store_release((__u64)sk);
}

/* CLOSE_WAIT -> LAST_ACK: the passive closer, in its own context. */
static __always_inline void on_last_ack(struct sock* sk, struct tcp_sock* tp) {
    struct twtrace_event event = {.header = {TWTRACE_PASSIVE_CLOSE, sizeof(event)}};
    event.time_ns = bpf_ktime_get_ns();
    fill_socket(&event, sk, tp);
    submit(&event, !fill_from_current(&event, sk, tp));
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(twtrace_set_state, struct sock* sk, int from, int to) {
    struct tcp_sock* tp;
    /* Four of the eleven states matter: leave with the others at once. */
    if (to != TCP_CLOSE && to != TCP_FIN_WAIT1 && to != TCP_ESTABLISHED && to != TCP_LAST_ACK)
        return 0;
    tp = bpf_skc_to_tcp_sock(sk);
    if (!tp)
        return 0;
    if (to == TCP_ESTABLISHED)
        on_established(sk, tp, from);
    else if (to == TCP_FIN_WAIT1 && from != TCP_FIN_WAIT1) /* close() after shutdown() is 4 -> 4 */
        on_fin_wait1(sk, tp);
    else if (to == TCP_CLOSE)
        on_close(sk, tp, from);
    else if (from == TCP_CLOSE_WAIT && (config.types & (1 << TWTRACE_PASSIVE_CLOSE)))
        on_last_ack(sk, tp);
    return 0;
}

/* The reset that takes back what only looked like TIME_WAIT. From 6.12 on sk may be NULL, and it
 * may be a minisock or a request socket, which have no more than sock_common. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(twtrace_send_reset, struct sock* sk) {
    struct twtrace_event event = {.header = {TWTRACE_ABORTED, sizeof(event)},
                                  .flags = TWTRACE_FLAG_RETRACTS};
    struct twtrace_stats* counts;
    struct tcp_sock* tp;
    struct slot* slot;
    if (!sk || sk->__sk_common.skc_state != TCP_CLOSE)
        return 0;
    slot = store_find((__u64)sk);
    tp = bpf_skc_to_tcp_sock(sk);
    if (!slot || slot->state != SLOT_HANDED || !tp || slot->rcv_nxt != tp->rcv_nxt)
        return 0;
    event.time_ns = slot->handed_ns;
    event.reason = TWTRACE_REASON_LOCAL_RESET;
    fill_socket(&event, sk, tp);
    fill_from_slot(&event, slot);
    counts = gate_netns(event.netns) ? this_cpu_stats() : 0;
    if (counts && slot->filtered)
        counts->filtered_retracted++;
    else if (counts)
        counts->retracted++;
    if (!slot->filtered)
        submit(&event, false);
    store_release((__u64)sk);
    return 0;
}

/* The catcher: a softirq that interrupts twtrace_set_state on its CPU makes the kernel skip it for
 * the inner transition (recursion_misses). The end of the socket then passes here within the same
 * softirq, with the slot still there. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(twtrace_destroy_sock, struct sock* sk) {
    struct slot* slot = store_find((__u64)sk);
    struct twtrace_stats* counts;
    struct tcp_sock* tp;
    if (!slot || slot->state == SLOT_HANDED)
        return 0;
    tp = bpf_skc_to_tcp_sock(sk);
    if (!tp || slot->state == SLOT_OPEN) {
        store_release((__u64)sk);
        return 0;
    }
    /* Our FIN was acknowledged and nothing failed: this was FIN_WAIT2 or CLOSING -> CLOSE. */
    bool entered = sk->sk_err == 0 && tp->snd_una == tp->write_seq;
    counts = this_cpu_stats();
    if (counts)
        counts->caught[entered ? TWTRACE_TIME_WAIT : TWTRACE_ABORTED]++;
    active_closer_gone(sk, tp, slot, entered, TWTRACE_FLAG_CAUGHT);
    return 0;
}

/* Asked once by user space (BPF_PROG_RUN): does this kernel count TcpExt TW when the minisock ends?
 * Those that do remember in tw_kill which counter it will be; later ones count when it is
 * scheduled, and have no such field (docs/kernels.md). */
SEC("raw_tp/inet_sock_set_state")
int twtrace_counts_at_end(void* ctx) {
    return bpf_core_field_exists(struct inet_timewait_sock___at_end, tw_kill);
}
