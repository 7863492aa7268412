/* Did the hand-over make a minisock? When tcp_max_tw_buckets is reached the kernel makes none and
 * the transitions look the same (net/ipv4/tcp_minisocks.c, tcp_time_wait()). The number of
 * minisocks tells when that is possible; then the minisock is looked for where it must be: in the
 * hash chain of the socket whose place it took. */
#ifndef TWTRACE_MINISOCK_BPF_H
#define TWTRACE_MINISOCK_BPF_H

#define MINISOCK_CHAIN_MAX 32 /* the newest come first, so the first few decide */

/* Kernel commits: fbb8295248e1 (5.17) put the row behind a pointer, e9bd0cca09d1 (6.1) took it
 * back; tw_count became tw_refcount. */
static __always_inline struct inet_timewait_death_row* death_row_of(struct net* net) {
    if (bpf_core_field_size(net->ipv4.tcp_death_row) == sizeof(void*))
        return ((struct net___row_behind_pointer*)net)->ipv4.tcp_death_row;
    return &net->ipv4.tcp_death_row;
}

static __always_inline bool buckets_are_full(struct inet_timewait_death_row* row) {
    int most = BPF_CORE_READ(row, sysctl_max_tw_buckets);
    if (bpf_core_field_exists(row->tw_refcount)) /* one reference is the namespace's own */
        return BPF_CORE_READ(row, tw_refcount.refs.counter) - 1 >= most;
    return BPF_CORE_READ((struct inet_timewait_death_row___counted*)row, tw_count.counter) >= most;
}

static __always_inline bool is_same_tuple(struct sock_common* a, struct sock* sk) {
    struct sock_common* b = &sk->__sk_common;
    if (BPF_CORE_READ(a, skc_dport) != b->skc_dport ||
        BPF_CORE_READ(a, skc_family) != b->skc_family)
        return false;
    if (b->skc_family != AF_INET6)
        return BPF_CORE_READ(a, skc_daddr) == b->skc_daddr &&
               BPF_CORE_READ(a, skc_rcv_saddr) == b->skc_rcv_saddr;
    return BPF_CORE_READ(a, skc_v6_daddr.in6_u.u6_addr32[3]) ==
               b->skc_v6_daddr.in6_u.u6_addr32[3] &&
           BPF_CORE_READ(a, skc_v6_rcv_saddr.in6_u.u6_addr32[3]) ==
               b->skc_v6_rcv_saddr.in6_u.u6_addr32[3];
}

static __noinline bool is_in_hash(struct sock* sk, struct inet_timewait_death_row* row,
                                  __u16 local_port) {
    struct inet_hashinfo* info = BPF_CORE_READ(row, hashinfo);
    __u32 slot = sk->__sk_common.skc_hash & BPF_CORE_READ(info, ehash_mask);
    struct inet_ehash_bucket* chain = BPF_CORE_READ(info, ehash);
    unsigned long node = 0;
    bpf_probe_read_kernel(&node, sizeof(node),
                          (void*)chain + slot * bpf_core_type_size(struct inet_ehash_bucket));
    for (int step = 0; step < MINISOCK_CHAIN_MAX && !(node & 1);
         step++) { /* an odd "pointer" ends the chain */
        struct sock_common* other =
            (void*)node - bpf_core_field_offset(struct sock_common, skc_nulls_node);
        if (BPF_CORE_READ(other, skc_num) == local_port && is_same_tuple(other, sk))
            return true;
        if (bpf_probe_read_kernel(&node, sizeof(node), (void*)node))
            return false;
    }
    return false;
}

/* Says no only where tcp_max_tw_buckets is reached and the minisock is not there. */
static __always_inline bool has_minisock(struct sock* sk, __u16 local_port) {
    struct inet_timewait_death_row* row = death_row_of(sk->__sk_common.skc_net.net);
    return !buckets_are_full(row) || is_in_hash(sk, row, local_port);
}

#endif
