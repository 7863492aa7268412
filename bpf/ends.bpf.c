/* How time-wait minisocks end, on hosts that allow fentry. A separate object, loaded only with
 * --ends, because no tracepoint reports these ends.
 *
 * Each minisock ends in inet_twsk_kill(), by its timer or through inet_twsk_deschedule_put(). The
 * caller of that function determines the reason, which is noted per CPU until the minisock ends.
 * All callers run with softirqs disabled, so that none interrupts another on its CPU
 * (net/ipv4/inet_timewait_sock.c). */
#include <vmlinux.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#include "sock.bpf.h"
#include "twtrace/wire.h"
#include "wake.bpf.h"

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile __u32 netns_count = 0; /* 0: all */
const volatile __u32 netns[16] = {};
/* Number of arguments of tcp_timewait_state_process() in this kernel; its return value follows
 * them. */
const volatile __u32 process_arguments = 0;

/* The ring of the main object. */
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

struct note {
    __u64 minisock;   /* its address; only compared, never dereferenced. 0: none */
    __u32 reason;     /* enum twtrace_reason of a deschedule that happens now */
    __u8 substate;    /* before the segment */
    __u8 descheduled; /* it is being killed for this reason */
    __u8 reserved[2];
    __u64 lost; /* records that found the ring full */
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct note);
} notes SEC(".maps");

static __always_inline struct note* this_cpu_note(void) {
    __u32 zero = 0;
    return bpf_map_lookup_elem(&notes, &zero);
}

static __always_inline void write_note(struct note* note, struct inet_timewait_sock* tw,
                                       __u32 reason) {
    note->minisock = (__u64)tw;
    note->reason = reason;
    note->descheduled = false;
}

static __always_inline bool is_chosen(__u32 inode) {
    if (!netns_count)
        return true;
    for (int i = 0; i < 16; i++)
        if (netns[i] == inode)
            return true;
    return false;
}

static __always_inline void report_minisock(struct note* note, struct inet_timewait_sock* tw,
                                            __u32 type, __u32 substate, __u32 reason) {
    struct sock* sk = (struct sock*)tw; /* struct sock_common comes first in both */
    __u32 inode = tw->__tw_common.skc_net.net->ns.inum;
    struct twtrace_minisock* record;
    if (!is_chosen(inode))
        return;
    record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) {
        note->lost++;
        return;
    }
    record->header.type = type;
    record->header.length = sizeof(*record);
    record->family = fill_address(record->local_addr, sk, true);
    fill_address(record->remote_addr, sk, false);
    record->stage = substate == TCP_FIN_WAIT2 ? TWTRACE_STAGE_FIN_WAIT2 : TWTRACE_STAGE_TIME_WAIT;
    record->reason = reason;
    record->reserved = 0;
    record->netns = inode;
    record->local_port = tw->__tw_common.skc_num;
    record->remote_port = bpf_ntohs(tw->__tw_common.skc_dport);
    record->time_ns = bpf_ktime_get_ns();
    bpf_ringbuf_submit(record, wake_up_once());
}

/* A segment for a minisock. Only an RST makes the function itself deschedule it. */
SEC("fentry/tcp_timewait_state_process")
int BPF_PROG(twtrace_segment, struct inet_timewait_sock* tw) {
    struct note* note = this_cpu_note();
    if (!note)
        return 0;
    write_note(note, tw, TWTRACE_REASON_PEER_RESET);
    note->substate = tw->tw_substate;
    return 0;
}

/* In assembler, because the compiler would read all of them with one load at a computed address,
 * which the verifier rejects. */
#define ARGUMENT(arguments, offset)                                                                \
    ({                                                                                             \
        __u64 value;                                                                               \
        asm volatile("%0 = *(u64 *)(%1 + " #offset ")" : "=r"(value) : "r"(arguments));            \
        (__u32) value;                                                                             \
    })

static __always_inline __u32 return_value_of_process(const __u64* arguments) {
    switch (process_arguments) {
    case 3:
        return ARGUMENT(arguments, 24);
    case 4:
        return ARGUMENT(arguments, 32);
    case 5:
        return ARGUMENT(arguments, 40);
    case 6:
        return ARGUMENT(arguments, 48);
    }
    return 0;
}

/* On TCP_TW_SYN and TCP_TW_RST the caller deschedules it (tcp_v4_rcv()). */
SEC("fexit/tcp_timewait_state_process")
int twtrace_segment_done(__u64* arguments) {
    struct inet_timewait_sock* tw = (void*)arguments[0];
    __u32 status = return_value_of_process(arguments);
    struct note* note = this_cpu_note();
    if (!note || note->minisock != (__u64)tw) /* the minisock ended */
        return 0;
    if (status == bpf_core_enum_value(enum tcp_tw_status, TCP_TW_SYN)) {
        note->reason = TWTRACE_REASON_REUSED_SYN;
        return 0;
    }
    if (status == bpf_core_enum_value(enum tcp_tw_status, TCP_TW_RST)) {
        note->reason = TWTRACE_REASON_LOCAL_RESET;
        return 0;
    }
    note->minisock = 0;
    if (note->substate == TCP_FIN_WAIT2 && tw->tw_substate == TCP_TIME_WAIT)
        report_minisock(note, tw, TWTRACE_TIME_WAIT_START, TCP_FIN_WAIT2, TWTRACE_REASON_NONE);
    return 0;
}

/* connect() checks whether it may take over the minisock that has its addresses and ports. */
SEC("fexit/tcp_twsk_unique")
int BPF_PROG(twtrace_unique, struct sock* sk, struct inet_timewait_sock* tw, void* twp, int yes) {
    struct note* note = this_cpu_note();
    if (note && yes)
        write_note(note, tw, TWTRACE_REASON_REUSED_CONNECT);
    return 0;
}

/* Without a note the reason is the end of a network namespace, which a kernel thread handles
 * (inet_twsk_purge()), or an explicit request (tcp_abort()). */
SEC("fentry/inet_twsk_deschedule_put")
int BPF_PROG(twtrace_deschedule, struct inet_timewait_sock* tw) {
    struct task_struct* task = (struct task_struct*)bpf_get_current_task();
    struct note* note = this_cpu_note();
    if (!note)
        return 0;
    if (note->minisock != (__u64)tw)
        write_note(note, tw,
                   BPF_CORE_READ(task, flags) & PF_KTHREAD ? TWTRACE_REASON_PURGED
                                                           : TWTRACE_REASON_DESTROYED);
    note->descheduled = true;
    return 0;
}

/* The reason if there is no note. Some compilers inline inet_twsk_deschedule_put() into
 * inet_twsk_purge(), which is in the same file; a timer never expires early. */
static __always_inline __u32 reason_by_timer(struct inet_timewait_sock* tw) {
    __s64 left = tw->tw_timer.expires - bpf_jiffies64();
    return left > 0 ? TWTRACE_REASON_PURGED : TWTRACE_REASON_EXPIRED;
}

SEC("fentry/inet_twsk_kill")
int BPF_PROG(twtrace_kill, struct inet_timewait_sock* tw) {
    struct note* note = this_cpu_note();
    __u32 reason;
    if (!note)
        return 0;
    if (note->minisock == (__u64)tw && note->descheduled)
        reason = note->reason;
    else
        reason = reason_by_timer(tw);
    if (note->minisock == (__u64)tw)
        note->minisock = 0;
    report_minisock(note, tw, TWTRACE_TIME_WAIT_END, tw->tw_substate, reason);
    return 0;
}
