/* The network namespace of a socket. */
#ifndef TWTRACE_NETNS_BPF_H
#define TWTRACE_NETNS_BPF_H

#include "number.bpf.h"
#include "sock.bpf.h"

#define NETNS_SEEN 64 /* a power of two */

/* Beside a namespace's inode number lies its reference count, which each socket that is made or
 * freed changes: to read the one means to wait for the CPU that changed the other. So it is read
 * once. hash_mix, 32 random bits that never change, says where it is kept here, and tells a
 * namespace from a later one in the same memory. Two in one place only cost time. */
struct netns_seen {
    __u64 net;          /* number_of() it */
    __u64 mix_and_inum; /* one word, that nobody sees half of it */
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, NETNS_SEEN);
    __type(key, __u32);
    __type(value, struct netns_seen);
} netns_seen SEC(".maps");

static __noinline __u32 see_netns(struct tcp_sock* tp, struct netns_seen* seen) {
    struct net* net = sock_of(tp)->__sk_common.skc_net.net;
    __u32 inum = net->ns.inum;
    seen->net = number_of(net);
    seen->mix_and_inum = (__u64)net->hash_mix << 32 | inum;
    return inum;
}

static __always_inline __u32 netns_of(struct tcp_sock* tp) {
    struct net* net = sock_of(tp)->__sk_common.skc_net.net;
    __u32 mix = net->hash_mix, place = mix & (NETNS_SEEN - 1);
    struct netns_seen* seen = bpf_map_lookup_elem(&netns_seen, &place);
    __u64 known;
    if (!seen)
        return 0;
    known = *(volatile __u64*)&seen->mix_and_inum;
    if (seen->net == number_of(net) && known >> 32 == mix)
        return known;
    return see_netns(tp, seen);
}

#endif
