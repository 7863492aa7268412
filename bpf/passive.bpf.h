/* Passive closes of which only the number is needed: counted in the slot that user space assigned
 * to their kind, else in a table. */
#ifndef TWTRACE_PASSIVE_BPF_H
#define TWTRACE_PASSIVE_BPF_H

#include "emit.bpf.h"

/* Compares everything but the thread, which a sum does not show, with a single branch. */
static __always_inline bool is_same_closer(const struct twtrace_task* one,
                                           const struct twtrace_task* other) {
    __u64 difference = one->start_boottime_ns ^ other->start_boottime_ns;
    const __u64* name = (const __u64*)one->comm;
    const __u64* other_name = (const __u64*)other->comm;
    difference |= one->cgroup_id ^ other->cgroup_id;
    difference |= one->pid ^ other->pid;
    difference |= one->uid ^ other->uid;
    difference |= one->parent_pid ^ other->parent_pid;
    difference |= name[0] ^ other_name[0];
    difference |= name[1] ^ other_name[1];
    return !difference;
}

static __always_inline bool count_in_slot(const struct facts* facts, struct sock* sk,
                                          struct tcp_sock* tp, const struct twtrace_task* task) {
    __u8 role = role_of(facts->opening);
    __u16 port =
        role == TWTRACE_ROLE_SERVER ? local_port_of(tp) : bpf_ntohs(sk->__sk_common.skc_dport);
    __u32 index = twtrace_slot_of(task->pid, port, role);
    __u32 cpu = bpf_get_smp_processor_id();
    struct twtrace_passive_slot* slot = bpf_map_lookup_elem(&passive_slots, &index);
    struct twtrace_passive_counts* counts;
    if (!slot || !slot->used || slot->port != port || slot->role != role ||
        slot->netns != (__u32)facts->netns || slot->how != facts->how ||
        slot->family != family_of(sk) || !is_same_closer(&slot->task, task))
        return false;
    counts = bpf_map_lookup_elem(&passive_counts, &cpu);
    if (!counts)
        return false;
    barrier_var(index); /* the verifier lost its bounds when the map was read */
    counts->count[index & (TWTRACE_PASSIVE_SLOTS - 1)]++;
    return true;
}

/* False if the map is full; the event is then sent. The increment needs no atomic operation: only
 * this program writes here, and it does not run again on its CPU before it ends. */
static __noinline int count_passive(const struct facts* facts, struct sock* sk, struct tcp_sock* tp,
                                    const struct twtrace_task* task) {
    struct twtrace_overflow_key key = {};
    __u64 one = 1, *count;
    if (config.count_passive == TWTRACE_PASSIVE_COUNT && count_in_slot(facts, sk, tp, task))
        return 1;
    fill_key(&key, facts, sk, tp, task);
    if (config.count_passive == TWTRACE_PASSIVE_COUNT_PEERS)
        fill_address(key.remote_addr, sk, false);
    count = bpf_map_lookup_elem(&passives, &key);
    if (!count)
        return bpf_map_update_elem(&passives, &key, &one, BPF_ANY) == 0;
    (*count)++;
    return 1;
}

#endif
