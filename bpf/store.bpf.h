/* What is remembered of a socket between its transitions: when it was established and by which
 * side, and from
 * -> FIN_WAIT1 on who closes it.
 *
 * A hash map or socket storage would do, at two to four times the cost (docs/performance.md). Here
 * a socket's address picks a bucket of four slots; a full bucket spills into a hash map, so nothing
 * depends on luck. Slots are claimed without a lock: two CPUs that claim the same slot within the
 * same few nanoseconds leave one socket without its closer, which is seen at the end (how =
 * unknown) and not hidden. A socket's own transitions are ordered by its lock. */
#ifndef TWTRACE_STORE_BPF_H
#define TWTRACE_STORE_BPF_H

#include "twtrace/wire.h"

#define STORE_WAYS 4
#define STORE_BUCKETS 8192 /* user space may resize; a power of two */

enum slot_state {
    SLOT_OPEN = 0,    /* established_ns and role are valid */
    SLOT_CLOSING = 1, /* so are the closer and fin_wait1_ns */
    SLOT_HANDED =
        2, /* reported as TIME_WAIT in substate FIN_WAIT2; a reset may still take it back */
};

struct slot {
    __u64 established_ns; /* 0: not seen */
    __u64 fin_wait1_ns;
    __u64 handed_ns;
    struct twtrace_task task;
    __u32
        rcv_nxt; /* at the hand-over: tells this connection from the next one in the same memory */
    __u8 state;
    __u8 role;
    __u8 how;
    __u8 filtered;
    __u8 role_inferred;
    __u8 port_bound;
    __u8 reserved[6];
};

struct bucket {
    __u64 sk[STORE_WAYS]; /* beside each other: one cache line answers most questions; 0: free */
    __u64 spilled;        /* at least one socket of this bucket went to the spill map */
    __u64 reserved[3];
    struct slot slot[STORE_WAYS];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, STORE_BUCKETS);
    __type(key, __u32);
    __type(value, struct bucket);
} buckets SEC(".maps");

/* LRU: what a missed transition left behind is evicted in the end. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, __u64);
    __type(value, struct slot);
} spill SEC(".maps");

const volatile __u32 bucket_mask = STORE_BUCKETS - 1;
/* What a slot of the spill map starts from; on the stack it would crowd out the overflow key (512
 * bytes in all). */
static const struct slot empty_slot = {};

static __always_inline struct bucket* bucket_of(__u64 sk) {
    /* Fibonacci hashing (Knuth 6.4): slab addresses differ in the middle bits, the product's upper
     * bits mix them. The 32-bit move (-mcpu=v3) is the one operation on a typed pointer that the
     * verifier lets make a number of it. */
    __u32 index = (((__u32)sk * 0x9E3779B9u) >> 12) & bucket_mask;
    return bpf_map_lookup_elem(&buckets, &index);
}

static __always_inline struct slot* way_of(struct bucket* bucket, __u64 sk) {
    if (bucket->sk[0] == sk)
        return &bucket->slot[0];
    if (bucket->sk[1] == sk)
        return &bucket->slot[1];
    if (bucket->sk[2] == sk)
        return &bucket->slot[2];
    if (bucket->sk[3] == sk)
        return &bucket->slot[3];
    return 0;
}

static __always_inline struct slot* store_find(__u64 sk) {
    struct bucket* bucket = bucket_of(sk);
    if (!bucket)
        return 0;
    struct slot* slot = way_of(bucket, sk);
    if (!slot && bucket->spilled)
        slot = bpf_map_lookup_elem(&spill, &sk);
    return slot;
}

static __always_inline struct slot* claim(struct bucket* bucket, __u64 sk, __u64 old) {
    if (bucket->sk[0] == old) {
        bucket->sk[0] = sk;
        return &bucket->slot[0];
    }
    if (bucket->sk[1] == old) {
        bucket->sk[1] = sk;
        return &bucket->slot[1];
    }
    if (bucket->sk[2] == old) {
        bucket->sk[2] = sk;
        return &bucket->slot[2];
    }
    if (bucket->sk[3] == old) {
        bucket->sk[3] = sk;
        return &bucket->slot[3];
    }
    return 0;
}

/* A way whose socket was handed over waits only for a reset that follows within microseconds, if at
 * all. */
static __always_inline struct slot* claim_handed(struct bucket* bucket, __u64 sk) {
#pragma unroll
    for (int way = 0; way < STORE_WAYS; way++) {
        if (bucket->slot[way].state == SLOT_HANDED) {
            bucket->sk[way] = sk;
            return &bucket->slot[way];
        }
    }
    return 0;
}

/* A slot for this socket, its content undefined but for a socket that has one already. */
static __always_inline struct slot* store_insert(__u64 sk) {
    struct bucket* bucket = bucket_of(sk);
    if (!bucket)
        return 0;
    struct slot* slot = way_of(bucket, sk);
    if (slot)
        return slot;
    if (bucket->spilled)
        bpf_map_delete_elem(&spill, &sk);
    slot = claim(bucket, sk, 0);
    if (!slot)
        slot = claim_handed(bucket, sk);
    if (slot)
        return slot;
    bucket->spilled = 1;
    bpf_map_update_elem(&spill, &sk, &empty_slot, BPF_ANY);
    return bpf_map_lookup_elem(&spill, &sk);
}

static __always_inline void store_release(__u64 sk) {
    struct bucket* bucket = bucket_of(sk);
    if (!bucket)
        return;
    if (!claim(bucket, 0, sk) && bucket->spilled)
        bpf_map_delete_elem(&spill, &sk);
}

#endif
