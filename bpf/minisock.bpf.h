/* Did the entry create a minisock? When tcp_max_tw_buckets is reached the kernel creates none,
 * and the transitions are the same (net/ipv4/tcp_minisocks.c, tcp_time_wait()). The number of
 * minisocks shows whether that is possible. If it is, the hash chain of the socket is searched for
 * the minisock. It is at the head of the chain or, since kernel commit b8ec80b13021 (6.19, and in
 * stable kernels), at the socket's position, behind all that were opened later. */
#ifndef TWTRACE_MINISOCK_BPF_H
#define TWTRACE_MINISOCK_BPF_H

#define MINISOCK_CHAIN_MAX 64

/* Kernel commit fbb8295248e1 (5.17) put the row behind a pointer, e9bd0cca09d1 (6.1) reverted that;
 * tw_count became tw_refcount. */
static __always_inline struct inet_timewait_death_row* death_row_of(struct net* net) {
    if (bpf_core_field_size(net->ipv4.tcp_death_row) == sizeof(void*))
        return ((struct net___row_behind_pointer*)net)->ipv4.tcp_death_row;
    return &net->ipv4.tcp_death_row;
}

/* Plain loads, because this runs at each entry. */
static __always_inline bool buckets_are_full(struct inet_timewait_death_row* row) {
    int most = row->sysctl_max_tw_buckets;
    if (bpf_core_field_exists(row->tw_refcount)) /* the namespace itself holds one reference */
        return row->tw_refcount.refs.counter - 1 >= most;
    return ((struct inet_timewait_death_row___counted*)row)->tw_count.counter >= most;
}

/* Only the last word of an IPv6 address is compared: together with both ports and the hash chain it
 * identifies the connection well enough. */
struct tuple_key {
    __u64 ports_and_family;
    __u32 remote;
    __u32 local;
};

static __always_inline __u64 ports_and_family_of(__u16 local_port, __be16 remote_port,
                                                 __u16 family) {
    return (__u64)family << 32 | (__u32)local_port << 16 | remote_port;
}

static __always_inline struct tuple_key key_of_node(struct sock_common* node) {
    __u16 family = BPF_CORE_READ(node, skc_family);
    struct tuple_key key = {.ports_and_family =
                                ports_and_family_of(BPF_CORE_READ(node, skc_num),
                                                    BPF_CORE_READ(node, skc_dport), family)};
    if (family == AF_INET6) {
        key.remote = BPF_CORE_READ(node, skc_v6_daddr.in6_u.u6_addr32[3]);
        key.local = BPF_CORE_READ(node, skc_v6_rcv_saddr.in6_u.u6_addr32[3]);
    } else {
        key.remote = BPF_CORE_READ(node, skc_daddr);
        key.local = BPF_CORE_READ(node, skc_rcv_saddr);
    }
    return key;
}

/* Global functions with plain numbers as arguments: the verifier checks each once, not again for
 * every path that leads to it. */
__noinline int twtrace_is_minisock(__u64 node, __u64 ports_and_family, __u32 remote, __u32 local) {
    struct sock_common* other = (struct sock_common*)node;
    struct tuple_key key = key_of_node(other);
    return BPF_CORE_READ(other, skc_state) == TCP_TIME_WAIT &&
           key.ports_and_family == ports_and_family && key.remote == remote && key.local == local;
}

/* Also true if the chain is too long to be sure, or if a node moved to another chain meanwhile:
 * then the socket's own state decides. */
__noinline int twtrace_is_in_hash(__u64 hashinfo, __u32 hash, __u64 ports_and_family, __u32 remote,
                                  __u32 local) {
    struct inet_hashinfo* info = (struct inet_hashinfo*)hashinfo;
    __u64 slot = hash & BPF_CORE_READ(info, ehash_mask);
    unsigned long node = (unsigned long)BPF_CORE_READ(info, ehash) +
                         slot * bpf_core_type_size(struct inet_ehash_bucket);
    for (int step = 0; step < MINISOCK_CHAIN_MAX; step++) {
        struct sock_common* other;
        if (bpf_probe_read_kernel(&node, sizeof(node), (void*)node))
            return 1;
        if (node & 1) /* the end of the chain of this slot (include/linux/list_nulls.h) */
            return node >> 1 != slot;
        other = (void*)(node - bpf_core_field_offset(struct sock_common, skc_nulls_node));
        if (BPF_CORE_READ(other, skc_hash) == hash &&
            twtrace_is_minisock((__u64)other, ports_and_family, remote, local))
            return 1;
    }
    return 1;
}

static __noinline int is_in_hash(struct sock* sk, struct inet_timewait_death_row* row,
                                 __u32 local_port) {
    struct sock_common* common = &sk->__sk_common;
    bool v6 = common->skc_family == AF_INET6;
    return twtrace_is_in_hash(
        (__u64)BPF_CORE_READ(row, hashinfo), common->skc_hash,
        ports_and_family_of(local_port, common->skc_dport, common->skc_family),
        v6 ? common->skc_v6_daddr.in6_u.u6_addr32[3] : common->skc_daddr,
        v6 ? common->skc_v6_rcv_saddr.in6_u.u6_addr32[3] : common->skc_rcv_saddr);
}

static __always_inline bool minisock_is_in_hash(struct sock* sk, struct tcp_sock* tp) {
    return is_in_hash(sk, death_row_of(sock_of(tp)->__sk_common.skc_net.net), local_port_of(tp));
}

/* False only if tcp_max_tw_buckets is reached and the minisock is not there. */
static __always_inline bool has_minisock(struct sock* sk, struct tcp_sock* tp) {
    struct inet_timewait_death_row* row = death_row_of(sock_of(tp)->__sk_common.skc_net.net);
    return !buckets_are_full(row) || is_in_hash(sk, row, local_port_of(tp));
}

#endif
