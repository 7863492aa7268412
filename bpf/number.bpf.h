/* What the compiler and the verifier must not know of a number. */
#ifndef TWTRACE_NUMBER_BPF_H
#define TWTRACE_NUMBER_BPF_H

#include "maps.bpf.h"

/* A pointer as a number. The verifier lets nobody calculate with a typed pointer, but takes the
 * difference of two pointers for a number (with CAP_PERFMON); that to a constant place tells what
 * they point to apart just as well. */
static __always_inline __u64 number_of(void* pointer) {
    __u64 number = (__u64)pointer;
    const volatile void* origin = &config;
    asm volatile("%0 -= %1" : "+r"(number) : "r"(origin));
    return number;
}

/* The same number, but one that the verifier does not know, and so follows once for all values;
 * *pointer* is any pointer. */
static __always_inline __u64 unknown_to_verifier(__u64 number, void* pointer) {
    __u64 unknown = number_of(pointer);
    number ^= unknown;
    barrier_var(number);
    return number ^ unknown;
}

#endif
