/* The network namespace of a socket. */
#ifndef TWTRACE_NETNS_BPF_H
#define TWTRACE_NETNS_BPF_H

#include "maps.bpf.h"
#include "number.bpf.h"
#include "sock.bpf.h"

#define NETNS_CACHE_SLOTS 64 /* a power of two */

/* A namespace's inode number shares a cache line with its reference count, which changes whenever a
 * socket is created or freed, so reading it may wait for another CPU. It is therefore read once and
 * cached. hash_mix, 32 random bits that never change, selects the slot, and
 * distinguishes a namespace from a later one in the same memory or with the same number. Two
 * namespaces in one slot only cost time. */
struct netns_cache {
    __u64 net; /* number_of() the namespace's address */
    __u64 id;  /* twtrace_netns.id: one word, so that no reader sees half of it */
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, NETNS_CACHE_SLOTS);
    __type(key, __u32);
    __type(value, struct netns_cache);
} netns_cache SEC(".maps");

/* By twtrace_netns.id: namespaces that were seen, until user space removes them. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, TWTRACE_NETNS_MAX);
    __type(key, __u64);
    __type(value, struct twtrace_netns_counts);
} netns_counts SEC(".maps");

static __always_inline bool gate_netns(__u32 netns) {
    if (!config.netns_count)
        return true;
    for (int i = 0; i < 16; i++)
        if (config.netns[i] == netns)
            return true;
    return false;
}

static __noinline int report_netns(__u64 id) {
    struct twtrace_netns_counts none = {.first_ns = bpf_ktime_get_ns()};
    struct twtrace_netns* record;
    if (bpf_map_lookup_elem(&netns_counts, &id) ||
        bpf_map_update_elem(&netns_counts, &id, &none, BPF_NOEXIST))
        return 0;
    record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record)
        return 0; /* user space finds it in the table */
    record->header.type = TWTRACE_NETNS_SEEN;
    record->header.length = sizeof(*record);
    record->pid = config.pid_namespace ? 0 : bpf_get_current_pid_tgid() >> 32;
    record->id = id;
    bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP); /* rare, and the namespace may end soon */
    return 0;
}

static __noinline __u64 read_netns(struct tcp_sock* tp, struct netns_cache* seen) {
    struct net* net = sock_of(tp)->__sk_common.skc_net.net;
    __u64 id = (__u64)net->hash_mix << 32 | net->ns.inum;
    seen->net = number_of(net);
    seen->id = id;
    if (gate_netns(id))
        report_netns(id);
    return id;
}

/* The namespace's id (struct twtrace_netns). */
static __always_inline __u64 netns_of(struct tcp_sock* tp) {
    struct net* net = sock_of(tp)->__sk_common.skc_net.net;
    __u32 mix = net->hash_mix, place = mix & (NETNS_CACHE_SLOTS - 1);
    struct netns_cache* seen = bpf_map_lookup_elem(&netns_cache, &place);
    __u64 known;
    if (!seen)
        return 0;
    known = *(volatile __u64*)&seen->id;
    if (seen->net == number_of(net) && known >> 32 == mix)
        return known;
    return read_netns(tp, seen);
}

/* connect() or listen(): user space has to know a new namespace before its first close, which may
 * also be its last. */
static __noinline int on_first_act(struct sock* sk) {
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    return tp ? (int)netns_of(tp) : 0;
}

static __always_inline struct twtrace_netns_counts* counts_of(__u64 netns) {
    struct twtrace_netns_counts none = {}, *counts = bpf_map_lookup_elem(&netns_counts, &netns);
    if (counts)
        return counts;
    none.first_ns = bpf_ktime_get_ns();
    bpf_map_update_elem(&netns_counts, &netns, &none, BPF_NOEXIST);
    return bpf_map_lookup_elem(&netns_counts, &netns);
}

static __noinline int count_filtered_in(__u64 netns, __s64 entries) {
    struct twtrace_netns_counts* counts = counts_of(netns);
    if (counts)
        __sync_fetch_and_add(&counts->filtered, entries);
    return 0;
}

static __noinline int count_lost_in(__u64 netns, __s64 entries) {
    struct twtrace_netns_counts* counts = counts_of(netns);
    if (counts)
        __sync_fetch_and_add(&counts->lost, entries);
    return 0;
}

#endif
