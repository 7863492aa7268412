/* The maps and data that outlive one program run. */
#ifndef TWTRACE_MAPS_BPF_H
#define TWTRACE_MAPS_BPF_H

#include "twtrace/wire.h"

#define BPF_F_MMAPABLE 1024 /* include/uapi/linux/bpf.h */

const volatile struct twtrace_config config = {};
/* One bit per port, host byte order: a set of any size costs one load. */
const volatile __u8 local_ports[8192] = {};
const volatile __u8 remote_ports[8192] = {};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 2 * 1024 * 1024);
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct twtrace_stats);
} stats SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, struct twtrace_overflow_key);
    __type(value, __u64);
} overflow SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
    __uint(max_entries, 2048); /* user space empties it every second */
    __type(key, struct twtrace_overflow_key);
    __type(value, __u64);
} passives SEC(".maps");

/* Mapped by user space, which writes the slots and reads the counts. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, TWTRACE_PASSIVE_SLOTS);
    __type(key, __u32);
    __type(value, struct twtrace_passive_slot);
} passive_slots SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1); /* user space sets it to one per CPU */
    __type(key, __u32);
    __type(value, struct twtrace_passive_counts);
} passive_counts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, __u32);
    __type(value, __u8);
} filter_pids SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, TWTRACE_CIDRS);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct twtrace_cidr);
    __type(value, __u8);
} local_cidrs SEC(".maps"), remote_cidrs SEC(".maps");

static __always_inline struct twtrace_stats* this_cpu_stats(void) {
    __u32 zero = 0;
    return bpf_map_lookup_elem(&stats, &zero);
}

#endif
