/* Keeps the closer in an LRU hash keyed by the socket's address. */
#include "closer.bpf.h"

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 65536);
    __type(key, __u64);
    __type(value, struct closer);
} closers SEC(".maps");

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(bench_lru, struct sock* sk, int from, int to) {
    __u64 key = (__u64)sk;
    if (to == TCP_FIN_WAIT1) {
        struct closer closer = {};
        read_closer(&closer, sk);
        bpf_map_update_elem(&closers, &key, &closer, BPF_ANY);
    } else if (enters_time_wait(from, to)) {
        struct closer* closer = bpf_map_lookup_elem(&closers, &key);
        if (!closer)
            return 0;
        send_event(sk, closer, from);
        bpf_map_delete_elem(&closers, &key);
    }
    return 0;
}
