/* From a socket to a record in the ring, or to a count where the ring is full. */
#ifndef TWTRACE_EMIT_BPF_H
#define TWTRACE_EMIT_BPF_H

#include "gate.bpf.h"
#include "maps.bpf.h"

#define AF_INET 2
#define AF_INET6 10
/* include/net/sock.h: enum sock_flags */
#define SOCK_DEAD 0
#define SOCK_DONE 1

/* The peer's FIN was received (tcp_fin()). */
static __always_inline bool fin_received(const struct sock* sk) {
    return sk->__sk_common.skc_flags & (1 << SOCK_DONE);
}

static __always_inline bool is_v4_mapped(const __be32* addr) {
    return !addr[0] && !addr[1] && addr[2] == bpf_htonl(0xffff);
}

static __always_inline void fill_addresses(struct twtrace_event* event, struct sock* sk) {
    __be32* local = (__be32*)event->local_addr;
    __be32* remote = (__be32*)event->remote_addr;
    event->family = 4;
    if (sk->__sk_common.skc_family == AF_INET6) {
        local[0] = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[0];
        local[1] = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[1];
        local[2] = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[2];
        local[3] = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[3];
        remote[0] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[0];
        remote[1] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[1];
        remote[2] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[2];
        remote[3] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[3];
        event->family = 6;
        if (!is_v4_mapped(remote))
            return;
        event->family = 4;
    }
    local[0] = sk->__sk_common.skc_rcv_saddr;
    remote[0] = sk->__sk_common.skc_daddr;
    local[1] = local[2] = local[3] = 0;
    remote[1] = remote[2] = remote[3] = 0;
}

static __always_inline void fill_socket(struct twtrace_event* event, struct sock* sk,
                                        struct tcp_sock* tp) {
    fill_addresses(event, sk);
    event->netns = sk->__sk_common.skc_net.net->ns.inum;
    /* skc_num is 0 by now (kernel-facts, 3). */
    event->local_port = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
    event->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
    event->bytes_sent = tp->bytes_sent - tp->bytes_retrans;
    /* rcv_nxt passes over the peer's FIN, and bytes_received follows it (net/ipv4/tcp_input.c,
     * tcp_rcv_nxt_update). */
    event->bytes_received = tp->bytes_received - (fin_received(sk) && tp->bytes_received);
}

/* Not inlined, as everything that is rare: what runs at each close should stay in the cache. */
static __noinline int count_overflow(const struct twtrace_event* event,
                                     struct twtrace_stats* counts) {
    struct twtrace_overflow_key key = {};
    __u64 one = 1, *count;
    __builtin_memcpy(&key.task, &event->task, sizeof(key.task));
    key.task.tid = 0;
    __builtin_memcpy(key.remote_addr, event->remote_addr, sizeof(key.remote_addr));
    key.netns = event->netns;
    key.local_port = event->role == TWTRACE_ROLE_SERVER ? event->local_port : 0;
    key.remote_port = event->role == TWTRACE_ROLE_SERVER ? 0 : event->remote_port;
    key.type = event->header.type;
    key.family = event->family;
    key.stage = event->stage;
    key.how = event->how;
    key.role = event->role;
    key.retracts = (event->flags & TWTRACE_FLAG_RETRACTS) != 0;
    count = bpf_map_lookup_elem(&overflow, &key);
    if (!count && bpf_map_update_elem(&overflow, &key, &one, BPF_NOEXIST) == 0)
        return 0;
    if (!count)
        count = bpf_map_lookup_elem(&overflow, &key);
    if (count)
        __sync_fetch_and_add(count, 1);
    else
        counts->uncounted[event->header.type & 7]++;
    return 0;
}

/* Fills in the socket and sends the event, unless the user does not want it (filtered: by what is
 * known of the task). Says whether it was to be sent.
 *
 * NO_WAKEUP: the reader drains on a timer; a wake-up an event costs more than everything else
 * together. */
static __noinline int report(struct twtrace_event* event, struct sock* sk, struct tcp_sock* tp,
                             __u32 filtered) {
    struct twtrace_stats* counts;
    __u32 type = event->header.type & (TWTRACE_TYPES - 1);
    /* Another namespace is not filtered but out of sight: the kernel's counters that the sum is
     * compared with are those of the chosen ones. */
    if (!(config.types & (1 << type)) || !gate_netns(sk->__sk_common.skc_net.net->ns.inum))
        return 0;
    fill_socket(event, sk, tp);
    if (filtered || !gate_socket(event)) {
        counts = this_cpu_stats();
        if (counts)
            counts->filtered[type]++;
        return 0;
    }
    if (bpf_ringbuf_output(&ring, event, sizeof(*event), BPF_RB_NO_WAKEUP) == 0)
        return 1;
    counts = this_cpu_stats();
    if (!counts)
        return 1;
    counts->lost[type]++;
    count_overflow(event, counts);
    return 1;
}

#endif
