/* What is remembered of a socket between its transitions: when it was established and by which
 * side, and from -> FIN_WAIT1 on who closes it.
 *
 * A hash map or socket storage would do, at two to four times the cost (docs/performance.md). Here
 * a socket's address picks a bucket with room for three; a full bucket spills into a hash map, so
 * nothing depends on luck. What most transitions ask for is one cache line; who closes is kept
 * apart from it. A place is claimed without a lock: two CPUs that claim the same one within the
 * same few nanoseconds leave one socket without its closer, which is seen at the end (how =
 * unknown) and not hidden. A socket's own transitions are ordered by its lock. */
#ifndef TWTRACE_STORE_BPF_H
#define TWTRACE_STORE_BPF_H

#include "twtrace/wire.h"

#define STORE_WAYS 3
#define STORE_BUCKETS 4096 /* user space resizes to the sockets that there are; a power of two */
#define SPILL_ENTRIES 16384
/* Socket objects of one slab are neighbours here too: a host's few active slabs then take few pages
 * of the table, and a page that is not in the TLB costs more than the rest of a look-up. A tcp_sock
 * is larger than 2 KiB, and a slab is 32 KiB. */
#define OBJECT_SHIFT 11
#define SLAB_SHIFT 15
#define SLAB_BUCKETS 16

/* Packed into one word: enum twtrace_role, the bits below, and the time of -> ESTABLISHED in
 * microseconds (0: not seen). */
#define OPENING_ROLE 3ull
#define OPENING_INFERRED 4ull
#define OPENING_CLOSING 8ull /* struct closing is valid */
#define OPENING_HANDED                                                                             \
    16ull /* reported as TIME_WAIT in substate FIN_WAIT2; a reset may still take it back */
#define OPENING_TIME_SHIFT 5

static __always_inline __u8 role_of(__u64 opening) {
    return opening & OPENING_ROLE;
}

struct bucket {
    __u64 sk[STORE_WAYS]; /* 0: free */
    __u64 opening[STORE_WAYS];
    __u32 spilled; /* how many of this bucket's sockets are in the spill map, at most */
    __u32 hand;    /* the way that reuse() looks at first */
    __u32 reserved[2];
};

struct closing {
    __u64 fin_wait1_ns;
    __u64 handed_ns;
    struct twtrace_task task;
    __u32 rcv_nxt; /* at the hand-over: tells this connection from the next in the same memory */
    __u8 how;
    __u8 filtered;
    __u8 port_bound;
    __u8 reserved;
};

struct spilled {
    __u64 opening;
    struct closing closing;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, STORE_BUCKETS);
    __type(key, __u32);
    __type(value, struct bucket);
} buckets SEC(".maps");

/* The first ways of all buckets, then the second ones, then the third. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, STORE_BUCKETS* STORE_WAYS);
    __type(key, __u32);
    __type(value, struct closing);
} closings SEC(".maps");

/* LRU: what a missed transition left behind is evicted in the end. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, SPILL_ENTRIES);
    __type(key, __u64);
    __type(value, struct spilled);
} spill SEC(".maps");

const volatile __u32 bucket_count = STORE_BUCKETS;
/* What an entry of the spill map starts from; on the stack it would crowd out the overflow key (512
 * bytes in all). */
static const struct spilled nothing_spilled = {};

/* Where a socket is remembered. */
struct place {
    __u64 key;
    struct bucket* bucket;
    __u64* opening;
    __u32 index;
    __u32 way;               /* STORE_WAYS: in the spill map */
    struct spilled* spilled; /* there */
};

/* A socket's address as a number. The verifier lets nobody calculate with a typed pointer, but
 * takes the difference of two pointers for a number (with CAP_PERFMON); that to a constant place
 * tells sockets apart just as well. */
static __always_inline __u64 key_of(struct sock* sk) {
    __u64 key = (__u64)sk;
    const volatile void* origin = &config;
    asm volatile("%0 -= %1" : "+r"(key) : "r"(origin));
    return key;
}

static __always_inline __u32 index_of(__u64 key) {
    /* Fibonacci hashing (Knuth 6.4) of the slab; the object's place in it stays as it is. */
    __u32 slab = ((key >> SLAB_SHIFT) * 0x9E3779B97F4A7C15ull) >> 40;
    return (slab * SLAB_BUCKETS + ((key >> OBJECT_SHIFT) & (SLAB_BUCKETS - 1))) &
           (bucket_count - 1);
}

/* 0 if they are equal, else 1; without a branch, which would make paths of its own for the
 * verifier. */
static __always_inline __u64 differ(__u64 one, __u64 other) {
    __u64 difference = one ^ other, negative;
    barrier_var(difference);
    negative = -difference;
    barrier_var(negative);
    return (difference | negative) >> 63;
}

/* The first of three that is equal, else STORE_WAYS. */
static __always_inline __u32 first_equal(const __u64* three, __u64 value) {
    __u64 not_0 = differ(three[0], value);
    __u64 not_1 = differ(three[1], value) & not_0;
    return not_0 + not_1 + (differ(three[2], value) & not_1);
}

static __always_inline bool look_in_spill(struct place* place) {
    place->spilled = bpf_map_lookup_elem(&spill, &place->key);
    if (!place->spilled)
        return false;
    place->opening = &place->spilled->opening;
    return true;
}

static __always_inline bool store_find(struct place* place, struct sock* sk) {
    place->key = key_of(sk);
    place->index = index_of(place->key);
    place->bucket = bpf_map_lookup_elem(&buckets, &place->index);
    if (!place->bucket)
        return false;
    place->way = first_equal(place->bucket->sk, place->key);
    if (place->way >= STORE_WAYS)
        return place->bucket->spilled && look_in_spill(place);
    place->opening = &place->bucket->opening[place->way];
    return true;
}

static __noinline struct spilled* add_to_spill(struct bucket* bucket, __u64 key) {
    if (bpf_map_update_elem(&spill, &key, &nothing_spilled, BPF_NOEXIST) == 0)
        __sync_fetch_and_add(&bucket->spilled, 1);
    return bpf_map_lookup_elem(&spill, &key);
}

/* One that was handed over waits only for a reset that follows within microseconds, if at all. They
 * are taken in turn: the last one may still wait for it. */
static __noinline __u32 reuse(struct bucket* bucket) {
    __u32 way = bucket->hand;
    for (int step = 0; step < STORE_WAYS; step++) {
        if (way >= STORE_WAYS)
            way = 0;
        if (bucket->opening[way] & OPENING_HANDED) {
            bucket->hand = way + 1;
            return way;
        }
        way++;
    }
    return STORE_WAYS;
}

/* A place for a socket that has none, after store_find() said so; what is there is undefined. */
static __always_inline bool store_add(struct place* place) {
    if (!place->bucket)
        return false;
    place->way = first_equal(place->bucket->sk, 0);
    if (place->way >= STORE_WAYS)
        place->way = reuse(place->bucket);
    if (place->way < STORE_WAYS) {
        place->bucket->sk[place->way] = place->key;
        place->opening = &place->bucket->opening[place->way];
        return true;
    }
    place->spilled = add_to_spill(place->bucket, place->key);
    if (!place->spilled)
        return false;
    place->opening = &place->spilled->opening;
    return true;
}

static __always_inline struct closing* closing_of(struct place* place) {
    __u32 index = place->way * bucket_count + place->index;
    if (place->way >= STORE_WAYS)
        return place->spilled ? &place->spilled->closing : 0;
    return bpf_map_lookup_elem(&closings, &index);
}

static __always_inline void store_release(struct place* place) {
    if (place->way < STORE_WAYS)
        place->bucket->sk[place->way] = 0;
    else if (bpf_map_delete_elem(&spill, &place->key) == 0)
        __sync_fetch_and_add(&place->bucket->spilled, -1);
}

#endif
