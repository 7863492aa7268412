/* The running task. Only read in the context of the task that acts. */
#ifndef TWTRACE_TASK_BPF_H
#define TWTRACE_TASK_BPF_H

#include "maps.bpf.h"
#include "sock.bpf.h"
#include "twtrace/wire.h"

/* include/linux/sched.h */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

/* net/sock.h */
#define SHUTDOWN_MASK 3

/* include/linux/file_ref.h: at and above this value the last reference is gone. */
#define FILE_REF_RELEASED 0xC000000000000000ull

#define PID_LEVELS 33 /* MAX_PID_NS_LEVEL and the initial one */

/* The task's pid in the pid namespace of twtrace; 0: not visible there. Starts at the innermost
 * level, because most tasks of twtrace's own container have that pid there.
 * bpf_get_ns_current_pid_tgid() knows only tasks whose innermost namespace is the given one. */
static __noinline __u32 number_in_namespace(struct task_struct* task) {
    struct pid* pid = BPF_CORE_READ(task, thread_pid);
    __u32 level = BPF_CORE_READ(pid, level);
    for (__u32 up = 0; up < PID_LEVELS && up <= level; up++) {
        struct upid number = {};
        bpf_probe_read_kernel(&number, sizeof(number),
                              (void*)pid + bpf_core_field_offset(struct pid, numbers) +
                                  (level - up) * sizeof(number));
        if (BPF_CORE_READ(number.ns, ns.inum) == config.pid_namespace)
            return number.nr;
    }
    return 0;
}

static __noinline int use_namespace(struct twtrace_task* who) {
    struct task_struct* task = (struct task_struct*)bpf_get_current_task();
    who->pid = number_in_namespace(BPF_CORE_READ(task, group_leader));
    who->tid = number_in_namespace(task);
    if (config.parent)
        who->parent_pid = number_in_namespace(BPF_CORE_READ(task, real_parent, group_leader));
    return 0;
}

/* Typed loads cost 50 ns for all fields below, the equivalent helpers 375 ns
 * (docs/decisions/kernel-side.md). Returns the task's flags. */
static __always_inline __u32 read_task(struct twtrace_task* who) {
    struct task_struct* task = bpf_get_current_task_btf();
    who->pid = task->tgid;
    who->tid = task->pid;
    who->uid = task->cred->uid.val;
    who->start_boottime_ns = task->group_leader->start_boottime;
    who->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
    __builtin_memcpy(who->comm, task->comm, sizeof(who->comm));
    who->parent_pid = config.parent ? task->real_parent->tgid : 0;
    return task->flags;
}

/* Before 5.11 (kernel commit 3ca1032ab7ab) there is no typed current task. */
static __always_inline __u32 read_task_by_helpers(struct twtrace_task* who) {
    struct task_struct* task = (struct task_struct*)bpf_get_current_task();
    __u64 pid_tgid = bpf_get_current_pid_tgid();
    who->pid = pid_tgid >> 32;
    who->tid = (__u32)pid_tgid;
    who->uid = (__u32)bpf_get_current_uid_gid();
    who->start_boottime_ns = BPF_CORE_READ(task, group_leader, start_boottime);
    who->cgroup_id = bpf_get_current_cgroup_id();
    bpf_get_current_comm(who->comm, sizeof(who->comm));
    who->parent_pid = config.parent ? BPF_CORE_READ(task, real_parent, tgid) : 0;
    return BPF_CORE_READ(task, flags);
}

/* close() and shutdown(SHUT_RDWR) leave the same sk_shutdown, but close() gets here only after the
 * last reference to the file is gone. */
static __always_inline bool file_is_released(struct tcp_sock* tp) {
    struct socket* socket = sock_of(tp)->sk_socket;
    struct file* file = socket ? socket->file : 0;
    struct file___up_to_6_12* old;
    if (!file)
        return true; /* never accepted, or the kernel's own */
    if (bpf_core_field_exists(file->f_ref))
        return (__u64)file->f_ref.refcnt.counter >= FILE_REF_RELEASED;
    old = (struct file___up_to_6_12*)file;
    return BPF_CORE_READ(old, f_count.counter) == 0;
}

/* The same for rare cases: helpers cost the verifier nothing (sock_of()). */
static __noinline bool file_is_gone(struct socket* socket) {
    struct file* file = BPF_CORE_READ(socket, file);
    struct file___up_to_6_12* old = (struct file___up_to_6_12*)file;
    if (!file)
        return true;
    if (bpf_core_field_exists(file->f_ref))
        return (__u64)BPF_CORE_READ(file, f_ref.refcnt.counter) >= FILE_REF_RELEASED;
    return BPF_CORE_READ(old, f_count.counter) == 0;
}

/* Fills *who* with the running task. */
static __always_inline __u32 fill_task(struct twtrace_task* who) {
    __u32 flags;
    if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
        flags = read_task(who);
    else
        flags = read_task_by_helpers(who);
    if (config.pid_namespace)
        use_namespace(who);
    return flags;
}

/* Fills *who* and returns how it closed: by a call, in a dying process, or in a kernel thread. */
static __always_inline __u8 fill_closer(struct twtrace_task* who, struct tcp_sock* tp) {
    __u32 flags = fill_task(who);
    if (flags & PF_EXITING)
        return TWTRACE_HOW_EXIT;
    if (flags & PF_KTHREAD)
        return TWTRACE_HOW_KERNEL;
    if (sock_of(tp)->sk_shutdown != SHUTDOWN_MASK)
        return TWTRACE_HOW_SHUTDOWN;
    return file_is_released(tp) ? TWTRACE_HOW_CLOSE : TWTRACE_HOW_SHUTDOWN;
}

#endif
