/* The user's filters that can be decided before anything is reserved in the ring. All of them are
 * read-only data: the verifier removes those that are off. User space applies the same filters
 * again. */
#ifndef TWTRACE_GATE_BPF_H
#define TWTRACE_GATE_BPF_H

#include "maps.bpf.h"
#include "netns.bpf.h"
#include "sock.bpf.h"
#include "tree.bpf.h"

/* With a constant type the verifier evaluates this and drops the code that depends on it, which
 * keeps the load fast. */
static __always_inline bool is_asked_for(enum twtrace_type type) {
    return config.types & (1u << type);
}

static __always_inline bool port_in(const volatile __u8* set, __u16 port) {
    return set[port >> 3] & (1 << (port & 7));
}

/* Two functions, because the compiler would otherwise read one of both offsets before it knows
 * which of them exists. */
static __noinline __u64 id_in_ancestors(struct cgroup* cgroup, __u32 level) {
    struct cgroup* ancestor = 0;
    bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
                          (void*)cgroup + bpf_core_field_offset(struct cgroup, ancestors) +
                              level * sizeof(ancestor));
    return BPF_CORE_READ(ancestor, kn, id);
}

static __noinline __u64 id_in_ancestor_ids(struct cgroup* cgroup, __u32 level) {
    __u64 id = 0;
    bpf_probe_read_kernel(
        &id, sizeof(id),
        (void*)cgroup + bpf_core_field_offset(struct cgroup___with_ancestor_ids, ancestor_ids) +
            level * sizeof(id));
    return id;
}

/* The id of the cgroup's ancestor (or its own id) at that level of the v2 hierarchy; 0: the cgroup
 * is not that deep. */
static __always_inline __u64 ancestor_id(struct cgroup* cgroup, __u32 level) {
    if (BPF_CORE_READ(cgroup, level) < (int)level)
        return 0;
    if (bpf_core_field_exists(cgroup->ancestors))
        return id_in_ancestors(cgroup, level);
    return id_in_ancestor_ids(cgroup, level);
}

static __noinline int gate_cgroup(void) {
    struct task_struct* task = (struct task_struct*)bpf_get_current_task();
    struct cgroup* cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
    /* Ids only increase (kernfs_new_node()). A restarted service gets a new cgroup. */
    if (BPF_CORE_READ(cgroup, kn, id) > config.cgroup_id_known)
        return 1;
    for (int i = 0; i < TWTRACE_CGROUPS && i < config.cgroup_count; i++)
        if (ancestor_id(cgroup, config.cgroup_level[i]) == config.cgroup_id[i])
            return 1;
    return 0;
}

/* To be called in the context of the task that closes. */
static __always_inline bool gate_task(const struct twtrace_task* who) {
    if (config.tree_parent && !gate_tree(who))
        return false;
    if (config.cgroup_count && !gate_cgroup())
        return false;
    if (config.filter_pid && !bpf_map_lookup_elem(&filter_pids, &who->pid))
        return false;
    return true;
}

static __always_inline bool cidr_has(void* cidrs, struct sock* sk, bool local) {
    struct twtrace_cidr key = {.prefix_bits = 8 * (sizeof(key) - sizeof(key.prefix_bits))};
    key.family = fill_address(key.addr, sk, local);
    return bpf_map_lookup_elem(cidrs, &key);
}

static __noinline int gate_addresses(struct sock* sk) {
    if (config.filter_local_addr && !cidr_has(&local_cidrs, sk, true))
        return 0;
    return !config.filter_remote_addr || cidr_has(&remote_cidrs, sk, false);
}

static __always_inline bool gate_socket(struct sock* sk, struct tcp_sock* tp, __u8 role) {
    if (config.role && role != config.role)
        return false;
    if (config.family && family_of(sk) != config.family)
        return false;
    if (config.filter_local_port && !port_in(local_ports, local_port_of(tp)))
        return false;
    if (config.filter_remote_port && !port_in(remote_ports, bpf_ntohs(sk->__sk_common.skc_dport)))
        return false;
    return (!config.filter_local_addr && !config.filter_remote_addr) || gate_addresses(sk);
}

#endif
