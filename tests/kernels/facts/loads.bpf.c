/* Each program q_FACT tests one fact: whether it loads on this kernel. Map m_FACT is for program
 * q_FACT only, because a kernel may not know the map type that another program needs. */
#include "types.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define QUESTION(name, point)                                                                      \
    SEC("tp_btf/" point)                                                                           \
    int BPF_PROG(q_##name, struct sock* sk, int oldstate, int newstate)

#define STATE "inet_sock_set_state"

volatile __u64 sink;

QUESTION(bpf_get_current_task_btf, STATE) {
    sink = bpf_get_current_task_btf()->tgid;
    return 0;
}

QUESTION(bpf_skc_to_tcp_sock, STATE) {
    struct tcp_sock* tcp = bpf_skc_to_tcp_sock(sk);
    if (tcp)
        sink = tcp->bytes_acked;
    return 0;
}

QUESTION(bpf_skc_to_tcp_timewait_sock, STATE) {
    sink = bpf_skc_to_tcp_timewait_sock(sk) != 0;
    return 0;
}

QUESTION(bpf_get_ns_current_pid_tgid, STATE) {
    struct bpf_pidns_info info;
    sink = bpf_get_ns_current_pid_tgid(0, 0, &info, sizeof info);
    return 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} m_bpf_ringbuf SEC(".maps");

QUESTION(bpf_ringbuf, STATE) {
    __u64* slot = bpf_ringbuf_reserve(&m_bpf_ringbuf, sizeof *slot, 0);
    if (slot) {
        *slot = bpf_ringbuf_query(&m_bpf_ringbuf, BPF_RB_AVAIL_DATA);
        bpf_ringbuf_submit(slot, BPF_RB_NO_WAKEUP);
    }
    return 0;
}

QUESTION(bpf_get_current_cgroup_id, STATE) {
    sink = bpf_get_current_cgroup_id();
    return 0;
}

QUESTION(bpf_get_current_ancestor_cgroup_id, STATE) {
    sink = bpf_get_current_ancestor_cgroup_id(0);
    return 0;
}

QUESTION(bpf_sk_cgroup_id, STATE) {
    sink = bpf_sk_cgroup_id((void*)sk);
    return 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u64);
} m_bpf_sk_storage_get SEC(".maps");

QUESTION(bpf_sk_storage_get, STATE) {
    sink = bpf_sk_storage_get(&m_bpf_sk_storage_get, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) != 0;
    bpf_sk_storage_delete(&m_bpf_sk_storage_get, sk);
    return 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u64);
} m_bpf_task_storage_get SEC(".maps");

QUESTION(bpf_task_storage_get, STATE) {
    sink = bpf_task_storage_get(&m_bpf_task_storage_get, bpf_get_current_task_btf(), 0, 0) != 0;
    return 0;
}

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 64);
    __type(key, __u64);
    __type(value, __u64);
} m_hash_by_address SEC(".maps");

QUESTION(hash_by_address, STATE) {
    __u64 key = (__u64)sk, one = 1;
    bpf_map_update_elem(&m_hash_by_address, &key, &one, BPF_ANY);
    bpf_map_delete_elem(&m_hash_by_address, &key);
    return 0;
}

QUESTION(bpf_get_socket_cookie, STATE) {
    sink = bpf_get_socket_cookie(sk);
    return 0;
}

QUESTION(bpf_ktime_get_boot_ns, STATE) {
    sink = bpf_ktime_get_boot_ns();
    return 0;
}

static int body(__u32 i, void* context) {
    return 0;
}

QUESTION(bpf_loop, STATE) {
    sink = bpf_loop(4, body, 0, 0);
    return 0;
}

QUESTION(atomic_add_without_result, STATE) {
    __sync_fetch_and_add(&sink, 1);
    return 0;
}

QUESTION(atomic_add_with_result, STATE) {
    __u64 before = __sync_fetch_and_add(&sink, 1);
    return before == 7;
}

QUESTION(atomic_cmpxchg, STATE) {
    return __sync_val_compare_and_swap(&sink, 0, 1) == 7;
}

QUESTION(exists_tcp_destroy_sock, "tcp_destroy_sock") {
    return 0;
}

QUESTION(exists_tcp_send_reset, "tcp_send_reset") {
    return 0;
}

QUESTION(exists_tcp_receive_reset, "tcp_receive_reset") {
    return 0;
}

QUESTION(exists_inet_sk_error_report, "inet_sk_error_report") {
    return 0;
}

/* The following programs read an argument without a NULL check, which the verifier refuses if the
 * argument may be NULL. */
QUESTION(unchecked_inet_sock_set_state_sk, STATE) {
    sink = sk->sk_err;
    return 0;
}

QUESTION(unchecked_tcp_destroy_sock_sk, "tcp_destroy_sock") {
    sink = sk->sk_err;
    return 0;
}

QUESTION(unchecked_tcp_send_reset_sk, "tcp_send_reset") {
    sink = sk->sk_err;
    return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(q_unchecked_tcp_send_reset_skb, struct sock* sk, struct sk_buff* skb) {
    sink = skb->len;
    return 0;
}

SEC("iter/tcp")
int q_exists_iter_tcp(void* ctx) {
    return 0;
}

SEC("raw_tp/" STATE)
int q_loads_raw_tracepoint(void* ctx) {
    return 0;
}

SEC("fexit/tcp_set_state")
int BPF_PROG(q_loads_fexit) {
    return 0;
}

SEC("fexit/tcp_set_state")
int BPF_PROG(q_attaches_fexit) {
    return 0;
}

/* Kernels that count a minisock when it ends have this field, which selects the counter. On kernels
 * that count when it is scheduled, the relocation and thus the load fails. */
QUESTION(inet_timewait_sock_has_tw_kill, STATE) {
    struct inet_timewait_sock* minisock = (void*)sk;
    sink = BPF_CORE_READ_BITFIELD_PROBED(minisock, tw_kill);
    return 0;
}
