/* Follows each close through sock:inet_sock_set_state. The tracepoint never reports TIME_WAIT: the
 * kernel replaces the socket by a minisock and closes the original. The entry is therefore derived
 * (FIN_WAIT2 or CLOSING -> CLOSE without an error), and retracted if tcp:tcp_send_reset fires for
 * the same socket immediately after. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "act.bpf.h"
#include "closer.bpf.h"
#include "ending.bpf.h"
#include "opening.bpf.h"
#include "tree.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(twtrace_set_state, struct sock* sk, int from, int to) {
    __u32 act, forgotten;
    if (to == TCP_ESTABLISHED) {
        on_established(sk, from);
        return 0;
    }
    if (to == TCP_SYN_RECV && from == TCP_SYN_SENT) {
        on_simultaneous_open(sk);
        return 0;
    }
    /* The first socket of a network namespace: it may end before its first close is read. */
    if (from == TCP_CLOSE && is_one_of(to, 1u << TCP_SYN_SENT | 1u << TCP_LISTEN)) {
        on_first_act(sk);
        return 0;
    }
    if (!is_one_of(to, 1u << TCP_FIN_WAIT1 | 1u << TCP_CLOSE | 1u << TCP_LAST_ACK))
        return 0;
    if (to == TCP_CLOSE &&
        is_one_of(from, 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 | 1u << TCP_CLOSING)) {
        active_closer_gone(sk,
                           from == TCP_FIN_WAIT1 ? ENTERED_NO
                           : from == TCP_CLOSING ? ENTERED_UNSURE
                                                 : ENTERED_YES,
                           0);
        return 0;
    }
    if (is_mptcp(sk)) {
        if (to != TCP_CLOSE)
            on_mptcp(sk, to);
        return 0;
    }
    /* The verifier must follow on_act() once, not for each act and state. At -> LAST_ACK report()
     * removes the socket. */
    forgotten = unknown_to_verifier(
        to != TCP_CLOSE || (from == TCP_LAST_ACK && is_asked_for(TWTRACE_PASSIVE_CLOSE)), sk);
    act = act_of_current(sk, from, to);
    if (act)
        on_act(sk, unknown_to_verifier(act, sk));
    if (!forgotten)
        forget(sk);
    return 0;
}

/* The reset that retracts what only looked like TIME_WAIT. From 6.12 on sk may be NULL, a minisock
 * or a request socket; the latter two have no more than sock_common. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(twtrace_send_reset, struct sock* sk) {
    struct facts facts = {.type = TWTRACE_ABORTED,
                          .reason = TWTRACE_REASON_LOCAL_RESET,
                          .flags = TWTRACE_FLAG_RETRACTS};
    struct place place;
    struct twtrace_task task;
    struct tcp_sock* tp;
    __u64 now_us, began;
    bool filtered;
    if (!sk || sk->__sk_common.skc_state != TCP_CLOSE)
        return 0;
    if (!store_find(&place, sk))
        return 0;
    facts.opening = store_get(&place);
    if (!(facts.opening & OPENING_HANDED))
        return 0;
    tp = bpf_skc_to_tcp_sock(sk);
    if (!tp || !store_get_closer(&place, sk, &began, &task))
        return 0;
    now_us = bpf_ktime_get_ns() / 1000;
    facts.time_ns = (now_us - (__u32)((__u32)now_us - STORE_READ(place.closing->handed_us))) * 1000;
    facts.fin_wait1_ns = fin_wait1_of(began, established_ns_of(&facts), tp, facts.time_ns);
    facts.how = how_of(began);
    filtered = began & OPENING_FILTERED || !gate_socket(sk, tp, role_of(facts.opening));
    facts.netns = netns_of(tp);
    if (filtered && gate_netns(facts.netns))
        count_filtered_in(facts.netns, -1);
    if (!filtered && is_wanted(sk, tp, &facts, false))
        send(&facts, sk, tp, &task);
    store_release(&place);
    return 0;
}

/* The catcher. If a softirq interrupts twtrace_set_state on its CPU, the kernel skips that program
 * for the inner transition (recursion_misses). The end of the socket then passes here within the
 * same softirq, while its place in the store is still claimed. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(twtrace_destroy_sock, struct sock* sk) {
    struct place place;
    struct twtrace_stats* counts;
    struct tcp_sock* tp;
    __u64 remembered;
    if (!store_find(&place, sk))
        return 0;
    remembered = store_get(&place);
    if (remembered & OPENING_HANDED)
        return 0;
    tp = bpf_skc_to_tcp_sock(sk);
    if (!tp) {
        store_release(&place);
        return 0;
    }
    /* Our FIN was acknowledged: this was FIN_WAIT2 or CLOSING -> CLOSE. */
    bool entered = tp->snd_una == tp->write_seq;
    /* -> FIN_WAIT1 was skipped too. Where tracepoints can be preempted (seen on 7.2 and 7.3), a
     * task that is preempted inside the program blocks the program for all tasks that run on that
     * CPU meanwhile. Only the minisock then distinguishes an active closer from a passive one. */
    if (!(remembered & OPENING_CLOSING)) {
        entered = entered && minisock_is_in_hash(sk, tp);
        if (!entered) {
            store_release(&place);
            return 0;
        }
    }
    counts = this_cpu_stats();
    if (counts)
        counts->caught[entered ? TWTRACE_TIME_WAIT : TWTRACE_ABORTED]++;
    active_closer_gone(sk, entered, TWTRACE_FLAG_CAUGHT);
    return 0;
}

/* A short-lived container's cgroup ends with it, so user space learns the name when the cgroup is
 * created. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(twtrace_cgroup_mkdir, struct cgroup* cgroup, const char* path) {
    struct twtrace_cgroup* record;
    long length;
    /* Directories are rare, so helpers are used, which cost the verifier nothing (sock_of()). v1 is
     * another file system with ids of its own. */
    if (BPF_CORE_READ(cgroup, root, hierarchy_id) != 0)
        return 0;
    record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0;
    record->header.type = TWTRACE_CGROUP_CREATED;
    record->header.length = sizeof(*record);
    record->reserved = 0;
    record->id = BPF_CORE_READ(cgroup, kn, id);
    length = bpf_probe_read_kernel_str(record->path, sizeof(record->path), path);
    if (length <= 0 || length == sizeof(record->path)) /* too long to be useful */
        bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
    else
        bpf_ringbuf_submit(record, wake_up_once()); /* the runtime's files may be removed soon */
    return 0;
}

/* Loaded only if twtrace runs a command; `?` leaves them out otherwise. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(twtrace_fork, struct task_struct* parent, struct task_struct* child) {
    return on_fork(parent, child);
}

SEC("?tp_btf/sched_process_free")
int BPF_PROG(twtrace_free, struct task_struct* task) {
    return on_free(task);
}

/* Run once by user space (BPF_PROG_RUN): does this kernel count TcpExt TW when the minisock ends?
 * Kernels that do remember in tw_kill which counter it will be; later ones count when it is
 * scheduled, and have no such field (docs/kernels.md). */
SEC("raw_tp/inet_sock_set_state")
int twtrace_counts_at_end(void* ctx) {
    return bpf_core_field_exists(struct inet_timewait_sock___at_end, tw_kill);
}
