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
    return bpf_core_field_size(tp->first_tx_mstamp) == sizeof(__u64) &&
           tp->snd_una == tp->write_seq && tp->snd_wnd && tp->tcp_wstamp_ns <= tp->tcp_clock_cache;
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

/* The socket has the time at which the FIN was sent last, and that was not the first time, or it
 * never got away: the close took a retransmission timeout at least, so that ticks will do. */
static __noinline __u64 fin_wait1_by_ticks(const struct closing* closing, __u64 opening) {
    __u64 ago = (bpf_jiffies64() - closing->fin_wait1_jiffies) * config.tick_ns;
    __u64 begun = bpf_ktime_get_ns() - ago, established = (opening >> OPENING_TIME_SHIFT) * 1000;
    return begun < established ? established : begun;
}

/* CLOCK_MONOTONIC; at the end of the socket. */
static __always_inline __u64 fin_wait1_of(const struct closing* closing, __u64 opening,
                                          const struct tcp_sock* tp) {
    if (!(opening & OPENING_FIN_STAMPED))
        return closing->fin_wait1_ns;
    if (tp->total_retrans == closing->retransmitted && tp->snd_nxt == tp->write_seq)
        return tp->first_tx_mstamp * 1000;
    return fin_wait1_by_ticks(closing, opening);
}

#endif
