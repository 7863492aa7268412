/* What is remembered of a socket between its transitions: when it was established, by which side,
 * and from -> FIN_WAIT1 on the closer.
 *
 * A socket's address selects a bucket of five ways; a full bucket spills into a hash map that grows
 * on demand. A hash map alone would cost two to four times as much (docs/decisions/store.md).
 *
 * A way is claimed without a lock, because 5.10 has no compare-and-swap: two CPUs can claim the
 * same one. Each word of an entry therefore identifies its owner, and a closer carries a check over
 * itself and its connection. What does not match is unknown, and counted (`mixed`); it is never
 * attributed to another socket. tests/unit/bpf/ runs this file natively. The transitions of one
 * socket are ordered by its lock. */
#ifndef TWTRACE_STORE_BPF_H
#define TWTRACE_STORE_BPF_H

#include "number.bpf.h"
#include "store_layout.bpf.h"

/* The socket's address, in steps that no two sockets share. 32 bits of it are unique within four
 * terabytes at least. The neighbours of a group differ in the low bits; the rest is multiplied by
 * an odd number (Fibonacci hashing, Knuth 6.4), so that no two sockets have the same key. */
static __always_inline __u32 key_of(struct sock* sk) {
    __u32 id = number_of(sk) >> (bpf_core_type_size(struct tcp_sock) >= 2048 ? 11 : 10);
    return (id & ~(GROUP_NEIGHBOURS - 1)) * 0x9E3779B1u | (id & (GROUP_NEIGHBOURS - 1));
}

static __always_inline __u32 index_of(__u32 key) {
    if (config.group_shift == STORE_GROUP_SHIFT)
        return key >> STORE_GROUP_SHIFT; /* a constant in the code, not a load */
    return key >> (config.group_shift & 31);
}

/* 0 if they are equal, else 1. Without a branch, which would create additional paths for the
 * verifier. */
static __always_inline __u64 differ(__u32 one, __u32 other) {
    __u64 difference = one ^ other;
    barrier_var(difference);
    return -difference >> 63;
}

static __always_inline __u32 owner_of(__u32 key) {
    return key << ENTRY_KEY_SHIFT | ENTRY_USED;
}

/* The first way with this owner (0: a free one), else STORE_WAYS. */
static __always_inline __u32 first_of(const struct bucket* bucket, __u32 owner) {
    __u64 none = 1, way = 0;
    for (int i = 0; i < STORE_WAYS; i++) {
        none &= differ(STORE_READ(bucket->entry[i]) & ENTRY_OWNER, owner);
        way += none;
    }
    return way;
}

static __noinline int count_mixed(void) {
    struct twtrace_stats* counts = this_cpu_stats();
    if (counts)
        counts->mixed++;
    return 0;
}

static __noinline int count_untracked(void) {
    struct twtrace_stats* counts = this_cpu_stats();
    if (counts)
        counts->untracked++;
    return 0;
}

/* The mask repeats for the verifier what the caller knows; without the barrier the compiler would
 * know it too, and remove the mask. */
static __always_inline __u32 way_of(const struct place* place) {
    __u32 way = place->way;
    barrier_var(way);
    return way & 7;
}

static __always_inline bool use_spilled(struct place* place, struct spilled* spilled) {
    place->spilled = spilled;
    place->closing = (struct closing*)spilled;
    return spilled;
}

static __always_inline bool use_way(struct place* place) {
    __u32 way = way_of(place);
    if (way >= STORE_WAYS)
        return false;
    place->entry = &place->bucket->entry[way];
    place->closing = &place->closings[way];
    return true;
}

/* Not inlined, like all rare code. The address of a place is never taken, so that it stays in
 * registers. */
static __noinline struct spilled* find_spilled(__u32 key) {
    return bpf_map_lookup_elem(&spill, &key);
}

static __noinline int release_spilled(struct bucket* bucket, __u32 key) {
    if (bpf_map_delete_elem(&spill, &key) == 0)
        __sync_fetch_and_add(&bucket->spilled, -1);
    return 0;
}

static __always_inline bool store_find(struct place* place, struct sock* sk) {
    __u32 key = key_of(sk), index = index_of(key),
          of_group = key >> BUCKET_SHIFT & (GROUP_BUCKETS - 1);
    struct group* group = bpf_map_lookup_elem(&groups, &index);
    place->key = key;
    place->way = STORE_WAYS;
    place->bucket = 0;
    place->closings = 0;
    place->entry = 0;
    place->spilled = 0;
    place->closing = 0;
    if (!group)
        return false;
    place->bucket = &group->buckets[of_group];
    place->closings = group->closings[of_group];
    place->way = first_of(place->bucket, owner_of(key));
    if (use_way(place))
        return true;
    return place->bucket->spilled && use_spilled(place, find_spilled(place->key));
}

static __noinline struct spilled* add_to_spill(struct bucket* bucket, __u32 key) {
    if (bpf_map_update_elem(&spill, &key, &nothing_spilled, BPF_NOEXIST) == 0)
        __sync_fetch_and_add(&bucket->spilled, 1);
    return bpf_map_lookup_elem(&spill, &key);
}

/* A socket that was reported as TIME_WAIT (OPENING_HANDED) stays only because a reset may follow,
 * within microseconds. Returns the way of the oldest such socket, else STORE_WAYS. */
static __noinline __u32 reuse(const struct bucket* bucket, const struct closing* closings) {
    __u32 now_us = bpf_ktime_get_ns() / 1000;
    /* the age, and the way in the three lowest bits */
    __s64 longest = REUSE_AFTER_US << 3 | STORE_WAYS;
    for (__u32 way = 0; way < STORE_WAYS; way++) {
        __s64 waited = now_us - closings[way].handed_us, difference, shorter;
        waited = waited << 3 | way;
        waited &= -(__s64)(STORE_READ(bucket->entry[way]) >> OPENING_HANDED_SHIFT & 1);
        difference = longest - waited;
        shorter = difference >> 63; /* all ones if so; without a branch, as in differ() */
        barrier_var(shorter);
        longest -= difference & shorter;
    }
    return longest & 7;
}

/* Chooses a place for a socket that has none, after store_find() failed. store_put() claims it. */
static __always_inline bool store_add(struct place* place) {
    if (!place->bucket)
        return false;
    place->way = place->key & (STORE_NEIGHBOURS - 1);
    if (STORE_READ(place->bucket->entry[place->way]))
        place->way = first_of(place->bucket, 0);
    if (place->way >= STORE_WAYS)
        place->way = reuse(place->bucket, place->closings);
    return use_way(place) || use_spilled(place, add_to_spill(place->bucket, place->key));
}

static __always_inline bool store_is_known(const struct place* place) {
    return place->closing;
}

/* OPENING_OF_SOCKET of a known place, and the time modulo TIME_MASK + 1. Another CPU may have
 * claimed the place since it was found. */
static __always_inline __u64 store_get(const struct place* place) {
    __u32 owner = owner_of(place->key);
    __u64 entry, time, foreign;
    if (place->spilled)
        return STORE_READ(place->spilled->opening);
    entry = STORE_READ(*place->entry);
    time = STORE_READ(place->bucket->time[way_of(place)]);
    foreign = differ(entry & ENTRY_OWNER, owner);
    if (foreign | differ(time >> TIME_KEY_SHIFT, owner >> ENTRY_KEY_SHIFT)) {
        count_mixed();
        return foreign ? 0 : entry & OPENING_OF_SOCKET;
    }
    return (entry & OPENING_OF_SOCKET) |
           ((entry >> ENTRY_TIME_SHIFT & TIME_HIGH) << TIME_KEY_SHIFT | (time & TIME_LOW))
               << OPENING_TIME_SHIFT;
}

/* To be called before the socket closes. False: nothing is remembered. An entry that is closing
 * already belongs to an earlier socket in the same memory, whose end was skipped. */
static __always_inline bool store_opening(const struct place* place, __u64* opening) {
    if (!store_is_known(place))
        return false;
    *opening = store_get(place);
    return !(*opening & (OPENING_CLOSING | OPENING_HANDED));
}

/* Changes OPENING_OF_SOCKET of an entry that is not spilled. */
static __always_inline void store_put_entry(struct place* place, __u64 opening) {
    __u64 time_high = opening >> OPENING_TIME_SHIFT >> TIME_KEY_SHIFT & TIME_HIGH;
    STORE_WRITE(*place->entry, (__u32)(owner_of(place->key) | time_high << ENTRY_TIME_SHIFT |
                                       (opening & OPENING_OF_SOCKET)));
}

static __always_inline void store_put(struct place* place, __u64 opening) {
    __u64 time_us = opening >> OPENING_TIME_SHIFT, key = place->key;
    if (place->spilled) {
        STORE_WRITE(place->spilled->opening,
                    (opening & OPENING_OF_SOCKET) | (time_us & TIME_MASK) << OPENING_TIME_SHIFT);
        return;
    }
    STORE_WRITE(place->bucket->time[way_of(place)], key << TIME_KEY_SHIFT | (time_us & TIME_LOW));
    store_put_entry(place, opening);
}

static __always_inline void store_release(struct place* place) {
    if (place->entry)
        STORE_WRITE(*place->entry, 0u);
    else
        release_spilled(place->bucket, place->key);
}

#endif
