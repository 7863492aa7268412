/* Order of the tracepoints of a dying socket, and arguments of tcp_send_reset. Each CPU keeps its
 * last transition to CLOSE until the next transition: a match fired directly after it. */
#include "types.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct last {
    __u64 sock;
    __u64 destroyed;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct last);
} m_last SEC(".maps");

/* The load is one connection at a time, so counters need not be atomic. */
__u64 dead_closes, living_closes, destroyed_next, destroyed_apart;
__u64 reset_without_sock, reset_of_minisock, reset_after_destroy, reset_before_destroy, reset_apart;

static __always_inline struct last* last(void) {
    __u32 zero = 0;
    return bpf_map_lookup_elem(&m_last, &zero);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock* sk, int oldstate, int newstate) {
    struct last* mine = last();

    if (!mine)
        return 0;
    mine->sock = newstate == CLOSE ? (__u64)sk : 0;
    mine->destroyed = 0;
    if (newstate != CLOSE)
        return 0;
    if (sk->__sk_common.skc_flags & 1) /* SOCK_DEAD: no process has it any more */
        dead_closes++;
    else
        living_closes++;
    return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock* sk) {
    struct last* mine = last();

    if (!mine)
        return 0;
    if (mine->sock == (__u64)sk) {
        mine->destroyed = 1;
        destroyed_next++;
    } else {
        destroyed_apart++;
    }
    return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_reset, struct sock* sk) {
    struct last* mine = last();

    if (!mine)
        return 0;
    if (!sk)
        reset_without_sock++;
    else if (sk->__sk_common.skc_state == TIME_WAIT)
        reset_of_minisock++;
    else if (mine->sock != (__u64)sk)
        reset_apart++;
    else if (mine->destroyed)
        reset_after_destroy++;
    else
        reset_before_destroy++;
    return 0;
}
