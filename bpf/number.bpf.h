/* Hides the value of a number from the compiler and the verifier. */
#ifndef TWTRACE_NUMBER_BPF_H
#define TWTRACE_NUMBER_BPF_H

#include "maps.bpf.h"

/* A pointer as a number. The verifier allows no arithmetic on a typed pointer, but treats the
 * difference of two pointers as a number (with CAP_PERFMON). The difference to a constant address
 * identifies what the pointer points to equally well. */
static __always_inline __u64 number_of(void* pointer) {
    __u64 number = (__u64)pointer;
    const volatile void* origin = &config;
    asm volatile("%0 -= %1" : "+r"(number) : "r"(origin));
    return number;
}

/* The same number, but unknown to the verifier, which therefore follows the code once for all
 * values; *pointer* is any pointer. */
static __always_inline __u64 unknown_to_verifier(__u64 number, void* pointer) {
    __u64 unknown = number_of(pointer);
    number ^= unknown;
    barrier_var(number);
    return number ^ unknown;
}

#endif
