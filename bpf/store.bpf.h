/* What is remembered of a socket between its transitions: when it was established and by which
 * side, and from -> FIN_WAIT1 on who closes it.
 *
 * A hash map or socket storage would do, at two to four times the cost (docs/performance.md). Here
 * a socket's address picks a bucket with room for five; a full bucket spills into a hash map, so
 * nothing depends on luck. What most transitions ask for is one cache line; who closes is kept
 * apart from it. A place is claimed without a lock, for 5.10 has no compare-and-swap: two CPUs that
 * claim the same one within the same few nanoseconds leave one socket without its opening or
 * closer, which is seen at the end (how = unknown, role inferred) and not hidden. Neighbours, which
 * are often opened together, each begin with a way of their own, so it takes two strangers in one
 * bucket. A socket's own transitions are ordered by its lock. */
#ifndef TWTRACE_STORE_BPF_H
#define TWTRACE_STORE_BPF_H

#include "number.bpf.h"

#define STORE_WAYS 5
#define STORE_GROUPS 1024 /* user space resizes to the sockets that there are; a power of two */
#define SPILL_ENTRIES 16384
/* Sockets that are neighbours in the kernel's memory are so here: 4 of them share a bucket, 16 (a
 * slab of 32 KiB has 12 to 15) a group. Few lines and few pages are in use then, and each that is
 * in no cache or not in the TLB costs more than the rest of a look-up. */
#define BUCKET_SHIFT 2
#define STORE_NEIGHBOURS (1 << BUCKET_SHIFT)
#define GROUP_SHIFT 4
#define GROUP_BUCKETS (1 << (GROUP_SHIFT - BUCKET_SHIFT))

/* Packed into one word: enum twtrace_role, the bits below, enum twtrace_how, and the time of
 * -> ESTABLISHED in microseconds (0: not seen). */
#define OPENING_ROLE 3ull
#define OPENING_INFERRED (1ull << 2)
#define OPENING_CLOSING (1ull << 3) /* struct closing is valid, and so are the bits that follow */
/* Reported as TIME_WAIT in substate FIN_WAIT2; a reset may still take it back. */
#define OPENING_HANDED_SHIFT 4
#define OPENING_HANDED (1ull << OPENING_HANDED_SHIFT)
#define OPENING_FILTERED (1ull << 5)   /* not what the user asked for */
#define OPENING_PORT_BOUND (1ull << 6) /* TWTRACE_FLAG_PORT_BOUND */
#define OPENING_HOW_SHIFT 7
#define OPENING_HOW 7ull
/* struct closing has no time but jiffies: the socket knows when its FIN left (fin.bpf.h). */
#define OPENING_FIN_STAMPED (1ull << 10)
#define OPENING_TIME_SHIFT 11
/* What -> ESTABLISHED says; the rest is of a close. */
#define OPENING_SEEN (OPENING_ROLE | OPENING_INFERRED | ~0ull << OPENING_TIME_SHIFT)

static __always_inline __u8 role_of(__u64 opening) {
    return opening & OPENING_ROLE;
}

static __always_inline __u8 how_of(__u64 opening) {
    return opening >> OPENING_HOW_SHIFT & OPENING_HOW;
}

/* One cache line. */
struct bucket {
    __u32 id[STORE_WAYS]; /* 0: free */
    __u32 spilled;        /* how many of this bucket's sockets are in the spill map, at most */
    __u64 opening[STORE_WAYS];
};

/* One cache line. */
struct closing {
    union {
        __u64 fin_wait1_ns;
        __u64 fin_wait1_jiffies;
    };
    union {
        __u32 retransmitted; /* segments of this connection, before its FIN */
        __u32 handed_us;     /* the lower half of it: a reset follows at once */
    };
    __u32 rcv_nxt; /* at the hand-over: tells this connection from the next in the same memory */
    struct twtrace_task task;
};

_Static_assert(sizeof(struct bucket) == 64, "a cache line");
_Static_assert(sizeof(struct closing) == 64, "a cache line");

struct group {
    struct bucket buckets[GROUP_BUCKETS];
    struct closing closings[GROUP_BUCKETS][STORE_WAYS];
};

struct spilled {
    __u64 opening;
    struct closing closing;
};

/* Mappable only so that it begins with a page: an array does otherwise 56 bytes into a cache line,
 * and each bucket would be in two. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, STORE_GROUPS);
    __type(key, __u32);
    __type(value, struct group);
} groups SEC(".maps");

/* LRU: what a missed transition left behind is evicted in the end. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, SPILL_ENTRIES);
    __type(key, __u32);
    __type(value, struct spilled);
} spill SEC(".maps");

/* What an entry of the spill map starts from; on the stack it would crowd out the overflow key (512
 * bytes in all). */
static const struct spilled nothing_spilled = {};

/* Where a socket is remembered. */
struct place {
    __u32 id;
    __u32 way; /* STORE_WAYS: in the spill map */
    struct bucket* bucket;
    struct closing* closings; /* of the bucket's ways */
    __u64* opening;
    struct spilled* spilled; /* there */
};

/* Where it is in memory, in steps that no two sockets share. 32 bits of them are unique within four
 * terabytes at least. */
static __always_inline __u32 id_of(struct sock* sk) {
    return number_of(sk) >> (bpf_core_type_size(struct tcp_sock) >= 2048 ? 11 : 10);
}

/* Fibonacci hashing (Knuth 6.4). */
static __always_inline __u32 index_of(__u32 id) {
    __u32 hash = (id >> GROUP_SHIFT) * 0x9E3779B97F4A7C15ull >> 32, mask = STORE_GROUPS - 1;
    if (config.group_mask == mask) {
        barrier_var(mask); /* a constant in the code is there at once, one in memory is not */
        return hash & mask;
    }
    return hash & config.group_mask;
}

/* 0 if they are equal, else 1; without a branch, which would make paths of its own for the
 * verifier. */
static __always_inline __u64 differ(__u32 one, __u32 other) {
    __u64 difference = one ^ other;
    barrier_var(difference);
    return -difference >> 63;
}

/* The first that is equal, else STORE_WAYS. */
static __always_inline __u32 first_equal(const __u32* ids, __u32 id) {
    __u64 none = 1, way = 0;
    for (int i = 0; i < STORE_WAYS; i++) {
        none &= differ(ids[i], id);
        way += none;
    }
    return way;
}

static __always_inline bool look_in_spill(struct place* place) {
    place->spilled = bpf_map_lookup_elem(&spill, &place->id);
    if (!place->spilled)
        return false;
    place->opening = &place->spilled->opening;
    return true;
}

/* The mask tells the verifier what the caller knows; without the barrier the compiler would know it
 * too, and leave the mask out. */
static __always_inline void use_way(struct place* place) {
    __u32 way = place->way;
    barrier_var(way);
    place->opening = &place->bucket->opening[way & 7];
}

static __always_inline bool store_find(struct place* place, struct sock* sk) {
    __u32 id = id_of(sk), index = index_of(id), of_group = id >> BUCKET_SHIFT & (GROUP_BUCKETS - 1);
    struct group* group = bpf_map_lookup_elem(&groups, &index);
    place->id = id;
    place->way = STORE_WAYS;
    place->bucket = 0;
    place->opening = 0;
    place->spilled = 0;
    if (!group)
        return false;
    place->bucket = &group->buckets[of_group];
    place->closings = group->closings[of_group];
    place->way = first_equal(place->bucket->id, place->id);
    if (place->way >= STORE_WAYS)
        return place->bucket->spilled && look_in_spill(place);
    use_way(place);
    return true;
}

static __noinline struct spilled* add_to_spill(struct bucket* bucket, __u32 id) {
    if (bpf_map_update_elem(&spill, &id, &nothing_spilled, BPF_NOEXIST) == 0)
        __sync_fetch_and_add(&bucket->spilled, 1);
    return bpf_map_lookup_elem(&spill, &id);
}

/* One that was handed over waits only for a reset that follows within microseconds, if at all: the
 * way of the one that has waited longest. */
static __noinline __u32 reuse(const struct bucket* bucket, const struct closing* closings) {
    __u32 now_us = bpf_ktime_get_ns() / 1000;
    __s64 longest = STORE_WAYS; /* how long, and the way in the three lowest bits */
    for (__u32 way = 0; way < STORE_WAYS; way++) {
        __s64 waited = now_us - closings[way].handed_us, difference, shorter;
        waited = (waited | 1) << 3 | way;
        waited &= -(__s64)(bucket->opening[way] >> OPENING_HANDED_SHIFT & 1);
        difference = longest - waited;
        shorter = difference >> 63; /* all ones if so; without a branch, as in differ() */
        barrier_var(shorter);
        longest -= difference & shorter;
    }
    return longest & 7;
}

/* A place for a socket that has none, after store_find() said so; what is there is undefined. */
static __always_inline bool store_add(struct place* place) {
    if (!place->bucket)
        return false;
    place->way = place->id & (STORE_NEIGHBOURS - 1);
    if (place->bucket->id[place->way])
        place->way = first_equal(place->bucket->id, 0);
    if (place->way >= STORE_WAYS)
        place->way = reuse(place->bucket, place->closings);
    if (place->way < STORE_WAYS) {
        place->bucket->id[place->way & 7] = place->id;
        use_way(place);
        return true;
    }
    place->spilled = add_to_spill(place->bucket, place->id);
    if (!place->spilled)
        return false;
    place->opening = &place->spilled->opening;
    return true;
}

static __always_inline struct closing* closing_of(struct place* place) {
    if (place->way >= STORE_WAYS)
        return place->spilled ? &place->spilled->closing : 0;
    return &place->closings[place->way];
}

static __always_inline void store_release(struct place* place) {
    if (place->way < STORE_WAYS)
        place->bucket->id[place->way] = 0;
    else if (bpf_map_delete_elem(&spill, &place->id) == 0)
        __sync_fetch_and_add(&place->bucket->spilled, -1);
}

#endif
