/* bpf/store.bpf.h and bpf/closer.bpf.h, compiled for this machine: the programs' operations on them
 * at each transition of a socket. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <linux/types.h>

#include "twtrace/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

struct native_sock {
    uint64_t address;
    struct {
        uint32_t skc_hash;
    } __sk_common;
};

/* What is known at the end of a socket. */
struct native_end {
    uint64_t time_us; /* 0: not known */
    uint8_t role;
    uint8_t how; /* enum twtrace_how; unknown: the task is unknown too */
    struct twtrace_task task;
};

/* Called before each access to the shared memory of the store; null: no call. */
extern void (*native_before_access)(void);

void native_clear(void);
void native_open(struct native_sock* sk, uint64_t time_us, uint8_t role);
void native_close(struct native_sock* sk, const struct twtrace_task* task, uint8_t how);
/* The end of a socket; `keep`: an entry in FIN_WAIT2, after which a reset may follow. */
struct native_end native_finish(struct native_sock* sk, bool keep);
/* The reset that retracts an end; how is unknown if there is none to retract. */
struct native_end native_reset(struct native_sock* sk);
/* A passive close. */
void native_forget(struct native_sock* sk);
/* The socket's bucket: equal numbers share one. */
uint32_t native_bucket_of(struct native_sock* sk);
/* Summed over the threads. */
struct twtrace_stats native_counts(void);
/* Number of entries in the spill map. */
uint32_t native_spilled(void);

#ifdef __cplusplus
}
#endif
