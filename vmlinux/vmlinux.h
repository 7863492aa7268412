/* Only the kernel types that the BPF side touches, spelled as the kernel spells them. Offsets here
 * mean nothing: every access is relocated by libbpf against the running kernel's BTF (CO-RE,
 * preserve_access_index). tools/check-btf compares this file with the BTF of the kernel it runs on.
 */
#ifndef TWTRACE_VMLINUX_H
#define TWTRACE_VMLINUX_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef _Bool bool;

enum { false = 0, true = 1 };

/* uapi/linux/bpf.h: bpf_helpers.h and the map definitions need these by name. */
enum bpf_map_type {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_PERCPU_HASH = 5,
    BPF_MAP_TYPE_PERCPU_ARRAY = 6,
    BPF_MAP_TYPE_LRU_HASH = 9,
    BPF_MAP_TYPE_LPM_TRIE = 11,
    BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_F_NO_PREALLOC = 1 };
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };

/* uapi/linux/bpf.h: probed with bpf_core_enum_value_exists(), so only the names matter. */
enum bpf_func_id {
    BPF_FUNC_get_current_task_btf = 158,
};

/* net/tcp_states.h */
enum {
    TCP_ESTABLISHED = 1,
    TCP_SYN_SENT = 2,
    TCP_SYN_RECV = 3,
    TCP_FIN_WAIT1 = 4,
    TCP_FIN_WAIT2 = 5,
    TCP_TIME_WAIT = 6,
    TCP_CLOSE = 7,
    TCP_CLOSE_WAIT = 8,
    TCP_LAST_ACK = 9,
    TCP_LISTEN = 10,
    TCP_CLOSING = 11,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
    union {
        __u8 u6_addr8[16];
        __be32 u6_addr32[4];
    } in6_u;
};

struct ns_common {
    unsigned int inum;
};

typedef struct {
    int counter;
} atomic_t;

typedef struct refcount_struct {
    atomic_t refs;
} refcount_t;

struct hlist_nulls_node {
    struct hlist_nulls_node* next;
};

struct hlist_nulls_head {
    struct hlist_nulls_node* first;
};

struct inet_ehash_bucket {
    struct hlist_nulls_head chain;
};

struct inet_hashinfo {
    struct inet_ehash_bucket* ehash;
    unsigned int ehash_mask;
};

struct inet_timewait_death_row {
    refcount_t tw_refcount;
    struct inet_hashinfo* hashinfo;
    int sysctl_max_tw_buckets;
};

struct inet_timewait_death_row___counted {
    atomic_t tw_count;
};

struct netns_ipv4 {
    struct inet_timewait_death_row tcp_death_row;
};

struct netns_ipv4___row_behind_pointer {
    struct inet_timewait_death_row* tcp_death_row;
};

struct net {
    struct ns_common ns;
    u32 hash_mix;
    struct netns_ipv4 ipv4;
};

struct net___row_behind_pointer {
    struct netns_ipv4___row_behind_pointer ipv4;
};

typedef struct {
    struct net* net;
} possible_net_t;

struct sock_common {
    union {
        struct {
            __be32 skc_daddr;
            __be32 skc_rcv_saddr;
        };
    };
    union {
        struct {
            __be16 skc_dport;
            __u16 skc_num;
        };
    };
    unsigned int skc_hash;
    unsigned short skc_family;
    volatile unsigned char skc_state;
    possible_net_t skc_net;
    unsigned long skc_flags;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
    struct hlist_nulls_node skc_nulls_node;
};

typedef struct {
    long counter;
} atomic_long_t;

typedef struct {
    atomic_long_t refcnt;
} file_ref_t;

/* include/linux/fs.h from 6.13 on; up to 6.12 the count was f_count (kernel commit 90ee6ed776c0).
 */
struct file {
    file_ref_t f_ref;
};
struct file___up_to_6_12 {
    atomic_long_t f_count;
};

struct socket {
    struct file* file;
};

typedef struct {
    int owned;
} socket_lock_t;

struct sock {
    struct sock_common __sk_common;
    socket_lock_t sk_lock;
    u8 sk_shutdown;
    u8 sk_userlocks; /* up to some kernel a bitfield */
    u16 sk_protocol;
    int sk_err;
    struct socket* sk_socket;
};

struct inet_sock {
    struct sock sk;
    __be16 inet_sport;
    u32 local_port_range;
};

/* 6.3 to 6.7 (kernel commits 91d0b78c5177, d9f28735af87). */
struct inet_sock___range_of_two {
    struct {
        u16 lo;
        u16 hi;
    } local_port_range;
};

struct inet_bind_bucket {
    signed char fastreuse;
};

struct inet_connection_sock {
    struct inet_sock icsk_inet;
    struct inet_bind_bucket* icsk_bind_hash;
    void* icsk_ulp_data;
};

/* net/mptcp/protocol.h: what icsk_ulp_data of an MPTCP subflow points to. */
struct mptcp_subflow_context {
    struct sock* conn;
};

struct tcp_options_received {
    u16 tstamp_ok : 1;
};

struct tcp_sock {
    struct inet_connection_sock inet_conn;
    struct tcp_options_received rx_opt;
    u32 rcv_nxt;
    u32 snd_nxt;
    u32 snd_una;
    u32 write_seq;
    u64 bytes_received;
    u64 bytes_sent;
    u64 bytes_retrans;
    u64 bytes_acked;
    u64 tcp_mstamp;
    u64 tcp_wstamp_ns;
    u64 tcp_clock_cache;
    u64 first_tx_mstamp;
    u32 snd_wnd;
    u32 total_retrans;
    u32 packets_out;
    bool is_mptcp;
    u8 repair : 1;
};

struct sk_buff;

struct timer_list {
    unsigned long expires;
};

/* net/inet_timewait_sock.h */
struct inet_timewait_sock {
    struct sock_common __tw_common;
    volatile unsigned char tw_substate;
    struct timer_list tw_timer;
};

/* net/tcp.h: what tcp_timewait_state_process() tells its caller to do. */
enum tcp_tw_status {
    TCP_TW_RST = 1,
    TCP_TW_SYN = 3,
};

/* net/inet_timewait_sock.h: up to some kernel between 5.10 and 6.1. */
struct inet_timewait_sock___at_end {
    __u32 tw_kill;
};

typedef struct {
    u32 val;
} kuid_t;

struct cred {
    kuid_t uid;
};

struct kernfs_node {
    u64 id;
};

struct cgroup_root {
    int hierarchy_id;
};

struct cgroup {
    struct cgroup_root* root;
    struct kernfs_node* kn;
    int level;
    struct cgroup* ancestors[];
};
/* Up to 6.0 (kernel commit 7f203bc89eb6). */
struct cgroup___with_ancestor_ids {
    int level;
    u64 ancestor_ids[];
};

struct css_set {
    struct cgroup* dfl_cgrp;
};

struct pid_namespace {
    struct ns_common ns;
};

/* The number of a task in one of the pid namespaces that it is visible in. */
struct upid {
    int nr;
    struct pid_namespace* ns;
};

struct pid {
    unsigned int level; /* of the innermost; the initial one is 0 */
    struct upid numbers[];
};

struct task_struct {
    unsigned int flags;
    int pid;
    int tgid;
    struct task_struct* real_parent;
    struct task_struct* group_leader;
    struct pid* thread_pid;
    u64 start_boottime;
    const struct cred* cred;
    char comm[16];
    struct css_set* cgroups;
};

#pragma clang attribute pop

#endif
