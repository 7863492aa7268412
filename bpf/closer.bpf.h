/* The closer of a socket, kept at the socket's place in the store, with a check that identifies the
 * socket. */
#ifndef TWTRACE_CLOSER_BPF_H
#define TWTRACE_CLOSER_BPF_H

#include "store.bpf.h"

/* Multilinear hashing: any different word of the closer or the connection changes the result. The
 * factors are odd and fit into an instruction. */
static __always_inline __u32 check_of(__u64 connection_id, __u64 began,
                                      const struct twtrace_task* task) {
    const __u64* word = (const __u64*)task;
    __u64 sum = connection_id * 0x3C6EF373 + began * 0x1B873593;
    sum += word[0] * 0x2545F491 + word[1] * 0x5851F42D;
    sum += word[2] * 0x4F6CDD1D + word[3] * 0x369DEA0F;
    sum += word[4] * 0x6C078965 + word[5] * 0x41C64E6D;
    return sum * 0x9E3779B97F4A7C15ull >> 32;
}

/* Identifies the connection: the address of its socket in memory, and the hash of its addresses and
 * ports, which differs for the next socket at the same address. */
static __always_inline __u64 connection_id_of(const struct place* place, const struct sock* sk) {
    return (__u64)place->key << 32 | sk->__sk_common.skc_hash;
}

#define TASK_WORDS (sizeof(struct twtrace_task) / sizeof(__u64))

/* Keeps the closer at a known place. */
static __always_inline void store_put_closer(const struct place* place, const struct sock* sk,
                                             __u64 began, const struct twtrace_task* task) {
    struct closing* kept = place->closing;
    const __u64* from = (const __u64*)task;
    __u64* to = (__u64*)&kept->task;
    STORE_WRITE(kept->began, began);
    STORE_WRITE(kept->check, check_of(connection_id_of(place, sk), began, task));
    for (unsigned int word = 0; word < TASK_WORDS; word++)
        STORE_WRITE(to[word], from[word]);
}

/* Copies the closer from a known place. False: the closer belongs to another socket; this is
 * counted. */
static __always_inline bool store_get_closer(const struct place* place, const struct sock* sk,
                                             __u64* began, struct twtrace_task* task) {
    const struct closing* kept = place->closing;
    const __u64* from = (const __u64*)&kept->task;
    __u64* to = (__u64*)task;
    __u32 check = STORE_READ(kept->check);
    *began = STORE_READ(kept->began);
    for (unsigned int word = 0; word < TASK_WORDS; word++)
        to[word] = STORE_READ(from[word]);
    if (check == check_of(connection_id_of(place, sk), *began, task))
        return true;
    count_mixed();
    return false;
}

#endif
