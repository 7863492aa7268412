/* Turns a socket into a record in the ring, or into a count if the ring is full. */
#ifndef TWTRACE_EMIT_BPF_H
#define TWTRACE_EMIT_BPF_H

#include "gate.bpf.h"
#include "maps.bpf.h"
#include "netns.bpf.h"
#include "sock.bpf.h"
#include "store.bpf.h"
#include "wake.bpf.h"

/* The facts of an event that the socket itself does not contain. */
struct facts {
    __u64 time_ns;
    __u64 opening; /* store.bpf.h */
    __u64 fin_wait1_ns;
    __u64 netns; /* twtrace_netns.id */
    __u32 flags;
    __u8 type;
    __u8 stage;
    __u8 how;
    __u8 reason;
};

static __always_inline void fill_socket(struct twtrace_event* event, struct sock* sk,
                                        struct tcp_sock* tp) {
    event->family = fill_address(event->local_addr, sk, true);
    fill_address(event->remote_addr, sk, false);
    event->local_port = local_port_of(tp);
    event->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
    event->flags |= has_timestamps(tp) * TWTRACE_FLAG_TIMESTAMPS;
    if (config.report_port_bound) /* costs another cache line */
        event->flags |=
            (user_locks(tp) & SOCK_BINDPORT_LOCK) / SOCK_BINDPORT_LOCK * TWTRACE_FLAG_PORT_CHOSEN;
    event->bytes_sent = tp->bytes_sent - tp->bytes_retrans;
    /* rcv_nxt includes the peer's FIN, and so does bytes_received (net/ipv4/tcp_input.c,
     * tcp_rcv_nxt_update). */
    event->bytes_received = tp->bytes_received - (fin_received(sk) && tp->bytes_received);
}

/* CLOCK_MONOTONIC; 0: not seen. */
static __always_inline __u64 established_ns_of(const struct facts* facts) {
    __u64 time_us = facts->opening >> OPENING_TIME_SHIFT, now_us = facts->time_ns / 1000;
    return time_us ? (now_us - ((now_us - time_us) & TIME_MASK)) * 1000 : 0;
}

static __always_inline void fill_facts(struct twtrace_event* event, const struct facts* facts) {
    event->header.type = facts->type;
    event->header.length = sizeof(*event);
    event->stage = facts->stage;
    event->how = facts->how;
    event->role = role_of(facts->opening);
    event->flags = facts->flags;
    event->flags |= facts->opening & OPENING_INFERRED ? TWTRACE_FLAG_ROLE_INFERRED : 0;
    event->reason = facts->reason;
    event->netns = facts->netns;
    event->netns_mix = facts->netns >> 32;
    event->time_ns = facts->time_ns;
    event->established_ns = established_ns_of(facts);
    event->fin_wait1_ns = facts->fin_wait1_ns;
}

static __always_inline void fill_key(struct twtrace_overflow_key* key, const struct facts* facts,
                                     struct sock* sk, struct tcp_sock* tp,
                                     const struct twtrace_task* task) {
    __u8 role = role_of(facts->opening);
    __builtin_memcpy(&key->task, task, sizeof(key->task));
    key->task.tid = 0;
    key->family = family_of(sk);
    key->netns = facts->netns;
    if (role == TWTRACE_ROLE_SERVER)
        key->local_port = local_port_of(tp);
    else
        key->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
    key->type = facts->type;
    key->stage = facts->stage;
    key->how = facts->how;
    key->role = role;
    key->retracts = facts->flags & TWTRACE_FLAG_RETRACTS;
    key->no_timestamps = facts->type == TWTRACE_TIME_WAIT && !has_timestamps(tp);
}

static __always_inline void count_in_overflow(struct twtrace_overflow_key* key,
                                              struct twtrace_stats* counts) {
    __u64 one = 1, *count = bpf_map_lookup_elem(&overflow, key);
    if (!count && bpf_map_update_elem(&overflow, key, &one, BPF_NOEXIST) == 0)
        return;
    if (!count)
        count = bpf_map_lookup_elem(&overflow, key);
    if (count)
        __sync_fetch_and_add(count, 1);
    else
        counts->uncounted[key->type & (TWTRACE_TYPES - 1)]++;
}

/* Counts an event that found the ring full. Rare code is not inlined, so that the code that runs at
 * each close stays in the cache. */
static __noinline int count_lost(const struct facts* facts, struct sock* sk, struct tcp_sock* tp,
                                 const struct twtrace_task* task) {
    struct twtrace_stats* counts = this_cpu_stats();
    struct twtrace_overflow_key key = {};
    if (!counts)
        return 0;
    counts->lost[facts->type & (TWTRACE_TYPES - 1)]++;
    if (facts->flags & TWTRACE_FLAG_RETRACTS)
        counts->lost_retractions++;
    fill_key(&key, facts, sk, tp, task);
    fill_address(key.remote_addr, sk, false);
    count_in_overflow(&key, counts);
    return 0;
}

static __noinline int count_filtered(__u32 type, __u64 netns) {
    struct twtrace_stats* counts = this_cpu_stats();
    if (counts)
        counts->filtered[type & (TWTRACE_TYPES - 1)]++;
    return type == TWTRACE_TIME_WAIT ? count_filtered_in(netns, 1) : 0;
}

/* Did the user ask for this event? filtered: what is known of the task excludes it. */
static __always_inline bool is_wanted(struct sock* sk, struct tcp_sock* tp,
                                      const struct facts* facts, bool filtered) {
    /* An event of another namespace does not count as filtered: the kernel counters that the sum is
     * compared with are those of the chosen namespaces. */
    if (!is_asked_for(facts->type) || !gate_netns(facts->netns))
        return false;
    if (!filtered && gate_socket(sk, tp, role_of(facts->opening)))
        return true;
    count_filtered(facts->type, facts->netns);
    return false;
}

static __always_inline int send(const struct facts* facts, struct sock* sk, struct tcp_sock* tp,
                                const struct twtrace_task* task) {
    struct twtrace_event* event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
    if (!event) {
        if (facts->type == TWTRACE_TIME_WAIT)
            count_lost_in(facts->netns, 1);
        else if (facts->flags & TWTRACE_FLAG_RETRACTS)
            count_lost_in(facts->netns, -1);
        return count_lost(facts, sk, tp, task);
    }
    fill_facts(event, facts);
    fill_socket(event, sk, tp);
    __builtin_memcpy(&event->task, task, sizeof(event->task));
    bpf_ringbuf_submit(event, wake_up_once());
    return 0;
}

#endif
