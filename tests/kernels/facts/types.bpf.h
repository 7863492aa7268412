/* The kernel types that the probes use; CO-RE relocates the offsets. */
#pragma once
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define CORE __attribute__((preserve_access_index))

struct sk_buff {
    unsigned int len;
} CORE;

struct sock_common {
    unsigned short skc_num;
    unsigned char skc_state;
    unsigned long skc_flags;
} CORE;

struct sock {
    struct sock_common __sk_common;
    int sk_err;
} CORE;

struct tcp_sock {
    __u64 bytes_acked;
} CORE;

struct task_struct {
    int tgid;
} CORE;

struct inet_timewait_sock {
    unsigned int tw_kill : 1;
} CORE;

enum { TIME_WAIT = 6, CLOSE = 7 };
