/* Keeps the closer in the socket's own storage, which is freed with the socket. */
#include "closer.bpf.h"

#define BPF_MAP_TYPE_SK_STORAGE 24 /* uapi/linux/bpf.h */
#define BPF_F_NO_PREALLOC 1        /* required for this map type */
#define BPF_SK_STORAGE_GET_F_CREATE 1

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct closer);
} closers SEC(".maps");

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(bench_sk_storage, struct sock* sk, int from, int to) {
    struct closer* closer;
    if (to == TCP_FIN_WAIT1) {
        closer = bpf_sk_storage_get(&closers, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
        if (closer)
            read_closer(closer, sk);
    } else if (enters_time_wait(from, to)) {
        closer = bpf_sk_storage_get(&closers, sk, 0, 0);
        if (closer)
            send_event(sk, closer, from);
    }
    return 0;
}
