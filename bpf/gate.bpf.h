/* The user's filters that can be decided here, before anything is reserved in the ring. All of it
 * is read-only data: the verifier removes what is off. User space applies the same filters again.
 */
#ifndef TWTRACE_GATE_BPF_H
#define TWTRACE_GATE_BPF_H

#include "maps.bpf.h"

static __always_inline bool port_in(const volatile __u8* set, __u16 port) {
    return set[port >> 3] & (1 << (port & 7));
}

static __always_inline bool gate_task(const struct twtrace_task* who) {
    if (config.filter_pid && !bpf_map_lookup_elem(&filter_pids, &who->pid))
        return false;
    if (config.filter_comm) {
        for (int i = 0; i < TWTRACE_COMM_LEN; i++) {
            if (who->comm[i] != config.comm[i])
                return false;
            if (!config.comm[i])
                break;
        }
    }
    return true;
}

static __always_inline bool gate_netns(__u32 netns) {
    if (!config.netns_count)
        return true;
    for (int i = 0; i < 16; i++)
        if (config.netns[i] == netns)
            return true;
    return false;
}

static __always_inline bool gate_socket(const struct twtrace_event* event) {
    if (config.family && event->family != config.family)
        return false;
    if (config.filter_local_port && !port_in(local_ports, event->local_port))
        return false;
    if (config.filter_remote_port && !port_in(remote_ports, event->remote_port))
        return false;
    return true;
}

#endif
