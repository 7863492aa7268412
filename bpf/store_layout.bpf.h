/* Layout of the store (store.bpf.h). */
#ifndef TWTRACE_STORE_LAYOUT_BPF_H
#define TWTRACE_STORE_LAYOUT_BPF_H

#include "maps.bpf.h"

#define STORE_WAYS 5
#define STORE_GROUPS 1024      /* user space resizes it to the present sockets; a power of two */
#define STORE_GROUP_SHIFT 22   /* 32 less the bits of STORE_GROUPS */
#define SPILL_ENTRIES 16384    /* user space resizes it to the host's memory */
#define REUSE_AFTER_US 10000ll /* age at which the way of an OPENING_HANDED socket is reused */
/* Sockets that are neighbours in the kernel's memory are neighbours here: 4 share a bucket, 16 (a
 * slab of 32 KiB has 12 to 15) a group. This keeps the number of cache lines and pages in use low:
 * a cache or TLB miss costs more than the rest of a look-up. */
#define BUCKET_SHIFT 2
#define STORE_NEIGHBOURS (1 << BUCKET_SHIFT)
#define GROUP_SHIFT 4
#define GROUP_NEIGHBOURS (1 << GROUP_SHIFT)
#define GROUP_BUCKETS (1 << (GROUP_SHIFT - BUCKET_SHIFT))

/* In one word: enum twtrace_role, the bits below, enum twtrace_how, and the time of
 * -> ESTABLISHED in microseconds (0: not seen). */
#define OPENING_ROLE 3ull
#define OPENING_INFERRED (1ull << 2)
#define OPENING_CLOSING (1ull << 3) /* struct closing is valid */
/* Reported as TIME_WAIT in substate FIN_WAIT2; a reset may still retract it. */
#define OPENING_HANDED_SHIFT 4
#define OPENING_HANDED (1ull << OPENING_HANDED_SHIFT)
/* These are kept with the closer. */
#define OPENING_FILTERED (1ull << 5)   /* excluded by a filter */
#define OPENING_PORT_BOUND (1ull << 6) /* TWTRACE_FLAG_PORT_BOUND */
#define OPENING_HOW_SHIFT 7
#define OPENING_HOW 7ull
/* The start of the close is a jiffy: the socket has the time when its FIN was sent (fin.bpf.h). */
#define OPENING_FIN_STAMPED (1ull << 10)
#define OPENING_TIME_SHIFT 11
#define OPENING_OF_SOCKET (OPENING_ROLE | OPENING_INFERRED | OPENING_CLOSING | OPENING_HANDED)
#define OPENING_OF_CLOSER                                                                          \
    (OPENING_FILTERED | OPENING_PORT_BOUND | OPENING_HOW << OPENING_HOW_SHIFT | OPENING_FIN_STAMPED)

/* An entry: the low 22 bits of the socket's key, four bits of its time, ENTRY_USED,
 * OPENING_OF_SOCKET. A time: the same 22 bits of the key, the other 42 bits of the time. The index
 * of the group contains the key's high bits. */
#define ENTRY_KEY_SHIFT 10
#define ENTRY_TIME_SHIFT 6
#define ENTRY_USED (1u << 5)
#define ENTRY_OWNER (~0u << ENTRY_KEY_SHIFT | ENTRY_USED)
#define TIME_KEY_SHIFT 42
#define TIME_LOW ((1ull << TIME_KEY_SHIFT) - 1)
#define TIME_HIGH 15ull
/* Two years; a longer lifetime would be shown too short. */
#define TIME_MASK (TIME_HIGH << TIME_KEY_SHIFT | TIME_LOW)

/* The unit test observes and interrupts each access. */
#ifndef STORE_READ
#define STORE_READ(place) (*(const volatile typeof(place)*)&(place))
#define STORE_WRITE(place, value) (*(volatile typeof(place)*)&(place) = (value))
#endif

static __always_inline __u8 role_of(__u64 opening) {
    return opening & OPENING_ROLE;
}

static __always_inline __u8 how_of(__u64 opening) {
    return opening >> OPENING_HOW_SHIFT & OPENING_HOW;
}

/* One cache line. */
struct bucket {
    __u32 entry[STORE_WAYS]; /* 0: free */
    __u32 spilled;           /* upper bound of this bucket's sockets in the spill map */
    __u64 time[STORE_WAYS];
};

/* One cache line. */
struct closing {
    /* OPENING_OF_CLOSER; above OPENING_TIME_SHIFT the start of the close (fin.bpf.h). */
    __u64 began;
    __u32 handed_us; /* lower half of the entry's time: a reset follows at once */
    __u32 check;     /* check_of() the closer */
    struct twtrace_task task;
};

_Static_assert(sizeof(struct bucket) == 64, "a cache line");
_Static_assert(sizeof(struct closing) == 64, "a cache line");

struct group {
    struct bucket buckets[GROUP_BUCKETS];
    struct closing closings[GROUP_BUCKETS][STORE_WAYS];
};

struct spilled {
    struct closing closing; /* first: the verifier rejects an offset to what may be null */
    __u64 opening;
};

/* Mappable only so that it starts at a page: an array would otherwise start 56 bytes into a cache
 * line, and each bucket would span two lines. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, STORE_GROUPS);
    __type(key, __u32);
    __type(value, struct group);
} groups SEC(".maps");

/* 128 bytes per socket, allocated with it, and 16 per entry of capacity. Nothing is evicted: an
 * entry that a skipped transition left behind is found again by the next socket in the same memory.
 */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, SPILL_ENTRIES);
    __type(key, __u32);
    __type(value, struct spilled);
} spill SEC(".maps");

/* Initial content of an entry of the spill map; with the overflow key it would not fit on the stack
 * (512 bytes). */
static const struct spilled nothing_spilled = {};

/* The place where a socket is remembered. */
struct place {
    __u32 key;
    __u32 way; /* STORE_WAYS: in the spill map, or nowhere */
    struct bucket* bucket;
    struct closing* closings; /* of the bucket's ways */
    __u32* entry;             /* of the way */
    struct spilled* spilled;
    struct closing* closing; /* of either */
};

#endif
