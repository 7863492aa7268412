/* When an active close began. The clock is the dearest part of one that goes on at -> FIN_WAIT1,
 * and mostly the kernel is about to read it too: where nothing else is under way our FIN leaves
 * within the same call, and the socket keeps the time at which it did (first_tx_mstamp,
 * net/ipv4/tcp_rate.c). */
#ifndef TWTRACE_FIN_BPF_H
#define TWTRACE_FIN_BPF_H

#include "maps.bpf.h"
#include "store.bpf.h"

/* Everything that was ever sent is acknowledged, the peer takes more, and pacing asks for no pause
 * (sk_pacing_status would say so too, but is on a line that nobody else has read: 60 ns). Some
 * patched kernels (BBR 3) keep but half of the time. */
static __always_inline bool fin_leaves_at_once(const struct tcp_sock* tp) {
    __u64 held_up = tp->snd_una ^ tp->write_seq;
    if (bpf_core_field_size(tp->first_tx_mstamp) != sizeof(__u64))
        return false;
    /* One branch for the verifier to follow: each of these is 0, or it is held up. */
    held_up |= ((__u64)tp->snd_wnd - 1) >> 63;
    held_up |= (tp->tcp_clock_cache - tp->tcp_wstamp_ns) >> 63;
    barrier_var(held_up);
    return !held_up;
}

/* Returns the bits of the opening that say how to read it. */
static __always_inline __u64 note_fin(struct closing* closing, const struct tcp_sock* tp) {
    if (!fin_leaves_at_once(tp)) {
        closing->fin_wait1_ns = bpf_ktime_get_ns();
        return 0;
    }
    closing->fin_wait1_jiffies = bpf_jiffies64();
    closing->retransmitted = tp->total_retrans;
    return OPENING_FIN_STAMPED;
}

/* By ticks, which are good to 10 milliseconds, and lag where the processor that counts them is
 * taken away for a while. */
static __always_inline __u64 fin_wait1_by_ticks(const struct closing* closing, __u64 end_ns) {
    return end_ns - (bpf_jiffies64() - closing->fin_wait1_jiffies) * config.tick_ns;
}

#define TICKS_LAG_NS 50000000ull

/* The stamp is that of the FIN that was sent last. It may be a second one; or the first was refused
 * on this host (a firewall, no route, no memory), and went out a timeout later as if it were new,
 * or never: then the ticks know better. */
static __always_inline bool is_of_first_fin(__u64 stamp_ns, __u64 ticks_ns,
                                            const struct closing* closing,
                                            const struct tcp_sock* tp) {
    __u64 doubt = tp->total_retrans ^ closing->retransmitted;
    doubt |= tp->snd_nxt ^ tp->write_seq;
    doubt |= (2 * TICKS_LAG_NS - (stamp_ns - ticks_ns + TICKS_LAG_NS)) >> 63;
    doubt |= (stamp_ns - ticks_ns + TICKS_LAG_NS) >> 63;
    barrier_var(doubt);
    return !doubt;
}

/* CLOCK_MONOTONIC; at the end of the socket, which was at end_ns. */
static __always_inline __u64 fin_wait1_of(const struct closing* closing, __u64 opening,
                                          const struct tcp_sock* tp, __u64 end_ns) {
    __u64 established_ns = (opening >> OPENING_TIME_SHIFT) * 1000;
    __u64 stamp_ns, ticks_ns;
    if (!(opening & OPENING_FIN_STAMPED))
        return closing->fin_wait1_ns;
    stamp_ns = tp->first_tx_mstamp * 1000;
    ticks_ns = fin_wait1_by_ticks(closing, end_ns);
    if (is_of_first_fin(stamp_ns, ticks_ns, closing, tp))
        return stamp_ns;
    return ticks_ns < established_ns ? established_ns : ticks_ns;
}

#endif
