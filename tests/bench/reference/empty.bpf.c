/* The floor: what it costs that somebody listens to the tracepoint at all. Its run time in
 * kernel.bpf_stats is the statistics' own cost, which the bench takes off everybody's. */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(bench_empty, struct sock* sk, int from, int to) {
    return 0;
}
