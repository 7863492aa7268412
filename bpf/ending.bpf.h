/* The end of a socket that closed actively, and what is remembered of it afterwards. */
#ifndef TWTRACE_ENDING_BPF_H
#define TWTRACE_ENDING_BPF_H

#include "closer.bpf.h"
#include "emit.bpf.h"
#include "fin.bpf.h"
#include "minisock.bpf.h"
#include "store.bpf.h"

/* include/uapi/asm-generic/errno.h */
#define EPIPE 32
#define ECONNRESET 104
#define ETIMEDOUT 110

/* Without an error: close() with unread data or SO_LINGER 0 sends a reset after this point; in
 * TCP_REPAIR it sends nothing. */
static __always_inline __u32 reason_of(int error, bool silent) {
    if (!error)
        return silent ? TWTRACE_REASON_OTHER : TWTRACE_REASON_LOCAL_RESET;
    if (error == ECONNRESET || error == EPIPE)
        return TWTRACE_REASON_PEER_RESET;
    return error == ETIMEDOUT ? TWTRACE_REASON_TIMEOUT : TWTRACE_REASON_OTHER;
}

/* Type, stage and reason in one number, starting with the lowest byte. */
static __always_inline __u32 verdict_on(struct sock* sk, struct tcp_sock* tp, bool entered) {
    __u32 stage;
    if (!entered)
        return TWTRACE_ABORTED | reason_of(sk->sk_err, BPF_CORE_READ_BITFIELD(tp, repair)) << 16;
    stage = (fin_received(sk) ? TWTRACE_STAGE_TIME_WAIT : TWTRACE_STAGE_FIN_WAIT2) << 8;
    if (has_minisock(sk, tp))
        return TWTRACE_TIME_WAIT | stage;
    return TWTRACE_ABORTED | stage | TWTRACE_REASON_OVERFLOW << 16;
}

/* The result is hidden from the verifier, which would otherwise follow all later code once for each
 * value. */
static __always_inline void classify(struct facts* facts, struct sock* sk, struct tcp_sock* tp,
                                     bool entered) {
    __u64 verdict = unknown_to_verifier(verdict_on(sk, tp, entered), tp);
    facts->type = verdict;
    facts->stage = verdict >> 8;
    facts->reason = verdict >> 16;
}

/* The peer's FIN, the last ACK and the timers have just read the clock, so that its value can be
 * used. Only after shutdown() can close() in FIN_WAIT2 come long after the last packet. */
static __always_inline __u64 time_of_end(const struct facts* facts, const struct tcp_sock* tp) {
    __u64 now;
    if (facts->stage == TWTRACE_STAGE_TIME_WAIT ||
        (facts->stage == TWTRACE_STAGE_FIN_WAIT2 && facts->how == TWTRACE_HOW_CLOSE))
        return tp->tcp_mstamp * 1000;
    now = bpf_ktime_get_ns();
    /* As precise as the other clock and as handed_us: a retraction repeats the same time. */
    return facts->stage ? now - now % 1000 : now;
}

/* Data after close(), TCP_LINGER2 < 0 and lack of orphan memory look like TIME_WAIT in substate
 * FIN_WAIT2 until the reset is sent: such a socket stays remembered. */
static __always_inline void settle_place(struct place* place, const struct facts* facts) {
    if (!store_is_known(place))
        return;
    if (facts->stage != TWTRACE_STAGE_FIN_WAIT2 || !facts->how || place->spilled) {
        store_release(place);
        return;
    }
    STORE_WRITE(place->closing->handed_us, (__u32)(facts->time_ns / 1000));
    store_put_entry(place, facts->opening | OPENING_HANDED);
}

/* A spilled socket is not remembered any longer: whether its minisock exists decides at once. */
static __noinline int decide_now(struct facts* facts, struct sock* sk) {
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    if (!tp || facts->stage != TWTRACE_STAGE_FIN_WAIT2 || minisock_is_in_hash(sk, tp))
        return 0;
    facts->type = TWTRACE_ABORTED;
    facts->reason = TWTRACE_REASON_LOCAL_RESET;
    facts->stage = TWTRACE_STAGE_NONE;
    return 0;
}

static __noinline int count_without_closer(void) {
    struct twtrace_stats* counts = this_cpu_stats();
    if (counts)
        counts->without_closer++;
    return 0;
}

/* Fills in what is remembered of the socket and its closer, if anything. */
static __always_inline void recall(struct facts* facts, __u64* began, struct twtrace_task* task,
                                   const struct place* place, struct sock* sk) {
    __u64 opening = store_get(place);
    /* The entry was reported already: it belongs to an earlier socket in the same memory. The
     * opening and FIN_WAIT1 of the present socket were skipped. */
    if (opening & OPENING_HANDED)
        return;
    facts->opening = opening;
    if (opening & OPENING_CLOSING && store_get_closer(place, sk, began, task))
        facts->how = how_of(*began);
}

/* Argument of active_closer_gone(). */
enum entered {
    ENTERED_NO = 0,
    ENTERED_YES = 1,    /* unless the socket contradicts (is_doubtful()) */
    ENTERED_UNSURE = 2, /* the minisock decides */
};

/* close() in CLOSING may send a reset, and in TCP_REPAIR close() may send nothing. An error on a
 * healthy socket is no reset: an ICMP message (IP_RECVERR) or kTLS sets one. */
static __always_inline bool is_doubtful(struct sock* sk, struct tcp_sock* tp, __u32 entered) {
    return entered == ENTERED_UNSURE || sk->sk_err || BPF_CORE_READ_BITFIELD(tp, repair);
}

/* An active closer's socket ended in TIME_WAIT, by a reset or by a timeout. The place in the store
 * is released before the event is sent, so that the verifier need not follow send() for each kind
 * of place. */
static __noinline int active_closer_gone(struct sock* sk, __u32 entered, __u32 flags) {
    bool filtered = config.filter_pid || config.cgroup_count || config.tree_parent;
    struct facts facts = {.flags = flags};
    struct tcp_sock* tp = bpf_skc_to_tcp_sock(sk);
    struct twtrace_task task;
    struct place place;
    __u64 began = 0;
    bool wanted;
    if (!tp)
        return 0;
    facts.netns = netns_of(tp);
    if (entered && is_doubtful(sk, tp, entered))
        entered = minisock_is_in_hash(sk, tp);
    classify(&facts, sk, tp, entered);
    if (store_find(&place, sk)) {
        recall(&facts, &began, &task, &place, sk);
        if (place.spilled)
            decide_now(&facts, sk);
    }
    facts.time_ns = time_of_end(&facts, tp);
    if (facts.how) {
        facts.flags |= began & OPENING_PORT_BOUND ? TWTRACE_FLAG_PORT_BOUND : 0;
        filtered = began & OPENING_FILTERED;
        if (!filtered)
            count_closing(false);
        facts.fin_wait1_ns = fin_wait1_of(began, established_ns_of(&facts), tp, facts.time_ns);
    } else {
        __builtin_memset(&task, 0, sizeof(task));
        if (facts.type == TWTRACE_TIME_WAIT && gate_netns(facts.netns))
            count_without_closer();
    }
    wanted = is_wanted(sk, tp, &facts, filtered);
    settle_place(&place, &facts);
    return wanted ? send(&facts, sk, tp, &task) : 0;
}

static __noinline int forget(struct sock* sk) {
    struct place place;
    if (store_find(&place, sk))
        store_release(&place);
    return 0;
}

#endif
