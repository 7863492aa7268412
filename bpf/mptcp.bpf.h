/* The closer of an MPTCP connection. Its subflows are TCP sockets, but a worker thread of the
 * kernel closes them. The program's own socket is another one (IPPROTO_MPTCP), whose transitions
 * pass the same tracepoint in the context of the closing task. It is no TCP socket and is never
 * counted. */
#ifndef TWTRACE_MPTCP_BPF_H
#define TWTRACE_MPTCP_BPF_H

#include "gate.bpf.h"
#include "task.bpf.h"

#define IPPROTO_MPTCP 262
#define MPTCP_CLOSERS 4096

/* In addition to enum twtrace_how: what is known of the task excludes the event. */
#define ACT_FILTERED (1ull << 8)

struct mptcp_closer {
    struct twtrace_task task;
    __u64 how; /* and ACT_FILTERED */
};

/* Keyed by the socket's address. LRU: the subflows usually follow within milliseconds. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, MPTCP_CLOSERS);
    __type(key, __u64);
    __type(value, struct mptcp_closer);
} mptcp_closers SEC(".maps");

static __always_inline bool is_mptcp(struct sock* sk) {
    return sk->sk_protocol == IPPROTO_MPTCP;
}

/* The program's socket goes to FIN_WAIT1 or LAST_ACK. Its memory may have belonged to another
 * socket before: -> ESTABLISHED removes that entry. */
static __noinline int on_mptcp(struct sock* sk, int to) {
    __u64 key = (__u64)sk;
    struct mptcp_closer closer = {};
    __u32 flags;
    if (to == TCP_ESTABLISHED) {
        bpf_map_delete_elem(&mptcp_closers, &key);
        return 0;
    }
    flags = fill_task(&closer.task);
    if (flags & PF_KTHREAD)
        return 0;
    closer.how = flags & PF_EXITING                                ? TWTRACE_HOW_EXIT
                 : BPF_CORE_READ(sk, sk_shutdown) != SHUTDOWN_MASK ? TWTRACE_HOW_SHUTDOWN
                 : file_is_gone(BPF_CORE_READ(sk, sk_socket))      ? TWTRACE_HOW_CLOSE
                                                                   : TWTRACE_HOW_SHUTDOWN;
    if (!gate_task(&closer.task))
        closer.how |= ACT_FILTERED;
    bpf_map_update_elem(&mptcp_closers, &key, &closer, BPF_ANY);
    return 0;
}

static __always_inline bool is_subflow(const struct tcp_sock* tp) {
    return bpf_core_field_exists(tp->is_mptcp) && tp->is_mptcp;
}

/* A worker thread closes a subflow: *task* becomes the task that closed the program's socket, if
 * that close was seen. Returns how, and ACT_FILTERED. */
static __noinline __u64 use_parents_closer(struct twtrace_task* task, struct tcp_sock* tp) {
    struct mptcp_subflow_context* context =
        (struct mptcp_subflow_context*)tp->inet_conn.icsk_ulp_data;
    __u64 key = 0;
    struct mptcp_closer* closer;
    if (bpf_core_field_exists(context->conn))
        key = (__u64)BPF_CORE_READ(context, conn);
    closer = bpf_map_lookup_elem(&mptcp_closers, &key);
    if (!closer)
        return gate_task(task) ? TWTRACE_HOW_KERNEL : TWTRACE_HOW_KERNEL | ACT_FILTERED;
    *task = closer->task;
    return closer->how;
}

#endif
