/* The descendants of twtrace's own process: the command that it runs (`twtrace summary --
 * COMMAND`), and all processes that this one starts. They are not put into a separate cgroup: it
 * would have to be removed afterwards, and sudo or pam_systemd may move a process out of it. */
#ifndef TWTRACE_TREE_BPF_H
#define TWTRACE_TREE_BPF_H

#include "maps.bpf.h"
#include "task.bpf.h"

/* By thread group id in the initial pid namespace. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1); /* user space sets it to TWTRACE_TREE_MAX if there is a command */
    __type(key, __u32);
    __type(value, struct twtrace_descendant);
} descendants SEC(".maps");

/* The start time distinguishes a process from an earlier one with the same pid. */
static __always_inline bool descends(__u32 tgid, __u64 start_boottime_ns) {
    struct twtrace_descendant* known = bpf_map_lookup_elem(&descendants, &tgid);
    return known && known->start_boottime_ns == start_boottime_ns;
}

static __noinline int gate_tree(const struct twtrace_task* who) {
    return descends(bpf_get_current_pid_tgid() >> 32, who->start_boottime_ns);
}

static __always_inline bool is_twtrace(struct task_struct* task) {
    if (!config.pid_namespace)
        return (__u32)task->tgid == config.tree_parent;
    return number_in_namespace(task->group_leader) == config.tree_parent;
}

/* Before the child runs for the first time (kernel_clone()). */
static __always_inline int on_fork(struct task_struct* parent, struct task_struct* child) {
    struct twtrace_descendant descendant = {};
    struct twtrace_stats* counts;
    __u32 tgid = child->tgid;
    if (child->tgid == parent->tgid) /* a thread */
        return 0;
    if (!descends(parent->tgid, parent->group_leader->start_boottime) && !is_twtrace(parent))
        return 0;
    descendant.start_boottime_ns = child->start_boottime;
    descendant.pid = config.pid_namespace ? number_in_namespace(child) : tgid;
    if (bpf_map_update_elem(&descendants, &tgid, &descendant, BPF_ANY) == 0)
        return 0;
    counts = this_cpu_stats();
    if (counts)
        counts->descendants_lost++;
    return 0;
}

/* The task's files have been closed long before. */
static __always_inline int on_free(struct task_struct* task) {
    __u32 tgid = task->tgid;
    if (task->pid == task->tgid && descends(tgid, task->start_boottime))
        bpf_map_delete_elem(&descendants, &tgid);
    return 0;
}

/* Counts connections of descendants that begin to close, and those that have closed. */
static __always_inline void count_closing(bool begins) {
    struct twtrace_stats* counts = config.tree_parent ? this_cpu_stats() : 0;
    if (!counts)
        return;
    if (begins)
        counts->closings_begun++;
    else
        counts->closings_ended++;
}

#endif
