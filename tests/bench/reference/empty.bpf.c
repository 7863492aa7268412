/* The lower bound: the cost of an empty program on the tracepoint. Its run time in kernel.bpf_stats
 * is the cost of the statistics, which the bench subtracts from all others. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(bench_empty, struct sock* sk, int from, int to) {
    return 0;
}
