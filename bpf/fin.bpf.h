/* The time when an active close began. Reading the clock is the most expensive part of the program
 * at FIN_WAIT1, and the kernel usually reads it shortly after: if nothing else is in flight, our
 * FIN leaves within the same call, and the socket keeps that time (first_tx_mstamp,
 * net/ipv4/tcp_rate.c). */
#ifndef TWTRACE_FIN_BPF_H
#define TWTRACE_FIN_BPF_H

#include "maps.bpf.h"
#include "store_layout.bpf.h"

/* Everything that was sent is acknowledged, the peer's window is open, and pacing requires no pause
 * (sk_pacing_status would show that too, but is on a cold cache line: 60 ns). Some patched kernels
 * (BBR 3) keep only half of the time. */
static __always_inline bool fin_leaves_at_once(const struct tcp_sock* tp) {
    __u64 held_up = tp->snd_una ^ tp->write_seq;
    if (bpf_core_field_size(tp->first_tx_mstamp) != sizeof(__u64))
        return false;
    /* One branch for the verifier: each of these terms is 0, or the FIN is held up. */
    held_up |= ((__u64)tp->snd_wnd - 1) >> 63;
    held_up |= (tp->tcp_clock_cache - tp->tcp_wstamp_ns) >> 63;
    barrier_var(held_up);
    return !held_up;
}

/* The start of the close, as it is stored: a clock reading in microseconds or, with
 * OPENING_FIN_STAMPED, a jiffy and, above it, the number of retransmitted segments of this
 * connection so far. */
#define TICK_MASK 0xFFFFFFFFull
#define RETRANS_MASK 0x1FFFFFull

static __always_inline __u64 note_fin(const struct tcp_sock* tp) {
    __u64 retransmitted = tp->total_retrans & RETRANS_MASK;
    if (!fin_leaves_at_once(tp))
        return bpf_ktime_get_ns() / 1000 << OPENING_TIME_SHIFT;
    return (retransmitted << 32 | (bpf_jiffies64() & TICK_MASK)) << OPENING_TIME_SHIFT |
           OPENING_FIN_STAMPED;
}

/* By ticks, which are accurate to 10 milliseconds and lag if the processor that counts them is
 * preempted for a while. */
static __always_inline __u64 fin_wait1_by_ticks(__u64 began, __u64 end_ns) {
    __u64 passed = (bpf_jiffies64() - (began >> OPENING_TIME_SHIFT)) & TICK_MASK;
    return end_ns - passed * config.tick_ns;
}

#define TICKS_LAG_MAX_NS 50000000ull

/* The stamp is that of the FIN that was sent last. It may be a retransmission. Or this host refused
 * the first FIN (a firewall, no route, no memory), which was then sent a timeout later as if it
 * were new, or never. In these cases the ticks are more accurate. */
static __always_inline bool is_of_first_fin(__u64 stamp_ns, __u64 ticks_ns, __u64 began,
                                            const struct tcp_sock* tp) {
    __u64 doubt = (tp->total_retrans ^ began >> OPENING_TIME_SHIFT >> 32) & RETRANS_MASK;
    doubt |= tp->snd_nxt ^ tp->write_seq;
    doubt |= (2 * TICKS_LAG_MAX_NS - (stamp_ns - ticks_ns + TICKS_LAG_MAX_NS)) >> 63;
    doubt |= (stamp_ns - ticks_ns + TICKS_LAG_MAX_NS) >> 63;
    barrier_var(doubt);
    return !doubt;
}

/* CLOCK_MONOTONIC. To be called at the end of the socket, at end_ns. */
static __always_inline __u64 fin_wait1_of(__u64 began, __u64 established_ns,
                                          const struct tcp_sock* tp, __u64 end_ns) {
    __u64 stamp_ns, ticks_ns;
    if (!(began & OPENING_FIN_STAMPED))
        return (began >> OPENING_TIME_SHIFT) * 1000;
    stamp_ns = tp->first_tx_mstamp * 1000;
    ticks_ns = fin_wait1_by_ticks(began, end_ns);
    if (is_of_first_fin(stamp_ns, ticks_ns, began, tp))
        return stamp_ns;
    return ticks_ns < established_ns ? established_ns : ticks_ns;
}

#endif
