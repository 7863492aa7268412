/* A simple tracer in the manner of the bcc tools: the closer is read with the usual helpers at ->
 * FIN_WAIT1, kept, and sent at -> CLOSE. It has no role, no lifetime and no count of missed events.
 * Each program that includes this defines where the closer is kept. */
#ifndef TWTRACE_BENCH_CLOSER_BPF_H
#define TWTRACE_BENCH_CLOSER_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct closer {
    __u64 time_ns;
    __u64 cgroup_id;
    __u64 pid_tgid;
    __u32 uid;
    __u32 shutdown;
    char comm[16];
};

struct event {
    struct closer closer;
    __u64 time_ns;
    __u64 bytes_sent;
    __u64 bytes_received;
    __u32 local_addr[4];
    __u32 remote_addr[4];
    __u32 netns;
    __u16 local_port;
    __u16 remote_port;
    __u16 family;
    __u16 from;
    __u32 reserved;
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 8 * 1024 * 1024);
} events SEC(".maps");

__u64 lost = 0;

static __always_inline void read_closer(struct closer* closer, struct sock* sk) {
    closer->time_ns = bpf_ktime_get_ns();
    closer->cgroup_id = bpf_get_current_cgroup_id();
    closer->pid_tgid = bpf_get_current_pid_tgid();
    closer->uid = (__u32)bpf_get_current_uid_gid();
    closer->shutdown = sk->sk_shutdown;
    bpf_get_current_comm(closer->comm, sizeof(closer->comm));
}

static __always_inline void send_event(struct sock* sk, const struct closer* closer, int from) {
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct event* event = tp ? bpf_ringbuf_reserve(&events, sizeof(*event), 0) : 0;
    if (!event) {
        __sync_fetch_and_add(&lost, 1);
        return;
    }
    __builtin_memset(event, 0, sizeof(*event));
    event->closer = *closer;
    event->time_ns = bpf_ktime_get_ns();
    event->bytes_sent = tp->bytes_sent;
    event->bytes_received = tp->bytes_received;
    event->local_addr[0] = sk->__sk_common.skc_rcv_saddr;
    event->remote_addr[0] = sk->__sk_common.skc_daddr;
    event->netns = sk->__sk_common.skc_net.net->ns.inum;
    event->local_port = tp->inet_conn.icsk_inet.inet_sport;
    event->remote_port = sk->__sk_common.skc_dport;
    event->family = sk->__sk_common.skc_family;
    event->from = (__u16)from;
    /* The reader wakes on a timer, like twtrace's: the cost of a wake-up per event is measured
     * separately. */
    bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline bool enters_time_wait(int from, int to) {
    return to == TCP_CLOSE && (from == TCP_FIN_WAIT2 || from == TCP_CLOSING);
}

#endif
