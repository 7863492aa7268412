/* The store with the few BPF helpers that it calls, as specified: an array never moves; a hash map
 * inserts and deletes under a lock and reuses an element at once. */
#include "store_native.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include <linux/bpf.h>
#include <linux/types.h>

/* Replaces bpf/maps.bpf.h and bpf/number.bpf.h. */
#define TWTRACE_MAPS_BPF_H
#define TWTRACE_NUMBER_BPF_H
#undef __always_inline
#define __always_inline __attribute__((always_inline)) inline
#undef __noinline
#define __noinline __attribute__((noinline))
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value)* name
#define barrier_var(value) __asm__ volatile("" : "+r"(value))
#define bpf_core_type_size(type) 2048

#define STORE_READ(place) (before_access(), *(const volatile typeof(place)*)&(place))
#define STORE_WRITE(place, value) (before_access(), *(volatile typeof(place)*)&(place) = (value))

#define sock native_sock
struct tcp_sock;

void (*native_before_access)(void);

static inline void before_access(void) {
    if (native_before_access)
        native_before_access();
}

static const struct twtrace_config config = {.group_shift = 22};

#define THREADS 64
static struct twtrace_stats stats_of_threads[THREADS];
static unsigned int threads;

static struct twtrace_stats* this_cpu_stats(void) {
    static __thread struct twtrace_stats* own;
    if (!own)
        own = &stats_of_threads[__sync_fetch_and_add(&threads, 1) % THREADS];
    return own;
}

static __u64 number_of(const struct native_sock* sk) {
    return sk->address;
}

static void* bpf_map_lookup_elem(const void* map, const void* key);
static long bpf_map_update_elem(const void* map, const void* key, const void* value, __u64 flags);
static long bpf_map_delete_elem(const void* map, const void* key);

static __u64 bpf_ktime_get_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (__u64)now.tv_sec * 1000000000ull + (__u64)now.tv_nsec;
}

#include "../../../bpf/closer.bpf.h"

static struct group all_groups[STORE_GROUPS] __attribute__((aligned(64)));

#define SPILL_PLACES 256
static struct spill_place {
    bool used;
    __u32 key;
    struct spilled value;
} spill_places[SPILL_PLACES];
static pthread_mutex_t spill_lock = PTHREAD_MUTEX_INITIALIZER;

static struct spill_place* spill_place_of(__u32 key) {
    for (int i = 0; i < SPILL_PLACES; i++)
        if (spill_places[i].used && spill_places[i].key == key)
            return &spill_places[i];
    return 0;
}

static void* bpf_map_lookup_elem(const void* map, const void* key) {
    struct spill_place* place;
    __u32 number;
    memcpy(&number, key, sizeof(number));
    if (map == &groups)
        return number < STORE_GROUPS ? &all_groups[number] : 0;
    pthread_mutex_lock(&spill_lock);
    place = spill_place_of(number);
    pthread_mutex_unlock(&spill_lock);
    return place ? &place->value : 0;
}

static long bpf_map_update_elem(const void* map, const void* key, const void* value, __u64 flags) {
    long result = -1;
    __u32 number;
    (void)map;
    (void)flags;
    memcpy(&number, key, sizeof(number));
    pthread_mutex_lock(&spill_lock);
    for (int i = 0; i < SPILL_PLACES && result && !spill_place_of(number); i++) {
        if (spill_places[i].used)
            continue;
        spill_places[i].key = number;
        memcpy(&spill_places[i].value, value, sizeof(struct spilled));
        spill_places[i].used = true;
        result = 0;
    }
    pthread_mutex_unlock(&spill_lock);
    return result;
}

static long bpf_map_delete_elem(const void* map, const void* key) {
    struct spill_place* place;
    __u32 number;
    (void)map;
    memcpy(&number, key, sizeof(number));
    pthread_mutex_lock(&spill_lock);
    place = spill_place_of(number);
    if (place)
        place->used = false;
    pthread_mutex_unlock(&spill_lock);
    return place ? 0 : -1;
}

void native_clear(void) {
    memset(all_groups, 0, sizeof(all_groups));
    memset(spill_places, 0, sizeof(spill_places));
    memset(stats_of_threads, 0, sizeof(stats_of_threads));
}

/* As in on_established(). */
void native_open(struct native_sock* sk, uint64_t time_us, uint8_t role) {
    struct place place;
    if (!store_find(&place, sk) && !store_add(&place)) {
        count_untracked();
        return;
    }
    store_put(&place, time_us << OPENING_TIME_SHIFT | role);
}

/* As in remember_closer(). */
void native_close(struct native_sock* sk, const struct twtrace_task* task, uint8_t how) {
    struct place place;
    bool known = store_find(&place, sk);
    __u64 opening;
    if (!store_opening(&place, &opening))
        opening = 0;
    if (!known && !store_add(&place)) {
        count_untracked();
        return;
    }
    store_put_closer(&place, sk, (__u64)how << OPENING_HOW_SHIFT, task);
    store_put(&place, opening | OPENING_CLOSING);
}

static void fill_end(struct native_end* end, __u64 opening) {
    end->time_us = opening >> OPENING_TIME_SHIFT;
    end->role = role_of(opening);
}

/* As in active_closer_gone(). */
struct native_end native_finish(struct native_sock* sk, bool keep) {
    struct native_end end = {0};
    struct place place;
    __u64 opening, began;
    if (!store_find(&place, sk))
        return end;
    opening = store_get(&place);
    if (!(opening & OPENING_HANDED)) {
        fill_end(&end, opening);
        if (opening & OPENING_CLOSING && store_get_closer(&place, sk, &began, &end.task))
            end.how = how_of(began);
    }
    if (!keep || !end.how || place.spilled) {
        store_release(&place);
        return end;
    }
    STORE_WRITE(place.closing->handed_us, (__u32)(bpf_ktime_get_ns() / 1000));
    store_put_entry(&place, opening | OPENING_HANDED);
    return end;
}

struct native_end native_reset(struct native_sock* sk) {
    struct native_end end = {0};
    struct place place;
    __u64 opening, began;
    if (!store_find(&place, sk))
        return end;
    opening = store_get(&place);
    if (!(opening & OPENING_HANDED) || !store_get_closer(&place, sk, &began, &end.task))
        return end;
    fill_end(&end, opening);
    end.how = how_of(began);
    store_release(&place);
    return end;
}

void native_forget(struct native_sock* sk) {
    struct place place;
    if (store_find(&place, sk))
        store_release(&place);
}

uint32_t native_bucket_of(struct native_sock* sk) {
    __u32 key = key_of(sk);
    return index_of(key) * GROUP_BUCKETS + (key >> BUCKET_SHIFT & (GROUP_BUCKETS - 1));
}

struct twtrace_stats native_counts(void) {
    struct twtrace_stats sum = {0};
    for (int i = 0; i < THREADS; i++) {
        sum.untracked += stats_of_threads[i].untracked;
        sum.mixed += stats_of_threads[i].mixed;
    }
    return sum;
}

uint32_t native_spilled(void) {
    uint32_t number = 0;
    for (int i = 0; i < SPILL_PLACES; i++)
        number += spill_places[i].used;
    return number;
}
