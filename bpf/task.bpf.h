/* Who is running: only ever asked in the context of the task that acts. */
#ifndef TWTRACE_TASK_BPF_H
#define TWTRACE_TASK_BPF_H

#include "twtrace/wire.h"

/* include/linux/sched.h */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

/* net/sock.h */
#define SHUTDOWN_MASK 3

static __always_inline __u64 start_boottime_of(struct task_struct* task) {
    return BPF_CORE_READ(task, group_leader, start_boottime);
}

/* bpf_get_current_task_btf() came with 5.11 (kernel commit 3ca1032ab7ab); its result is read
 * without a helper call. */
static __always_inline __u32 read_current(struct twtrace_task* who) {
    if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
        struct task_struct* task = bpf_get_current_task_btf();
        who->start_boottime_ns = task->group_leader->start_boottime;
        return task->flags;
    }
    struct task_struct* task = (struct task_struct*)bpf_get_current_task();
    who->start_boottime_ns = start_boottime_of(task);
    return BPF_CORE_READ(task, flags);
}

/* Fills *who* and says how: a dying process and a kernel thread are told apart from a call. */
static __always_inline __u8 fill_task(struct twtrace_task* who, __u8 shutdown) {
    __u64 pid_tgid = bpf_get_current_pid_tgid();
    __u32 flags = read_current(who);
    who->pid = pid_tgid >> 32;
    who->tid = (__u32)pid_tgid;
    who->uid = (__u32)bpf_get_current_uid_gid();
    who->reserved = 0;
    who->cgroup_id = bpf_get_current_cgroup_id();
    bpf_get_current_comm(who->comm, sizeof(who->comm));
    if (flags & PF_EXITING)
        return TWTRACE_HOW_EXIT;
    if (flags & PF_KTHREAD)
        return TWTRACE_HOW_KERNEL;
    return shutdown == SHUTDOWN_MASK ? TWTRACE_HOW_CLOSE : TWTRACE_HOW_SHUTDOWN;
}

#endif
