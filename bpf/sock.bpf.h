/* What a socket contains at the end of its life. */
#ifndef TWTRACE_SOCK_BPF_H
#define TWTRACE_SOCK_BPF_H

#define AF_INET 2
#define AF_INET6 10
/* include/net/sock.h: enum sock_flags */
#define SOCK_DONE 1
/* sk_userlocks: the arguments of bind(). */
#define SOCK_BINDADDR_LOCK 4
#define SOCK_BINDPORT_LOCK 8

/* The peer's FIN was received (tcp_fin()). */
static __always_inline bool fin_received(const struct sock* sk) {
    return sk->__sk_common.skc_flags & (1 << SOCK_DONE);
}

/* The same socket. From 6.2 on, for every pointer that is loaded from a trusted one such as a
 * tracepoint's argument, the verifier searches the names of all kernel types, which takes a
 * millisecond each time. It does not do so for pointers loaded from the result of
 * bpf_skc_to_tcp_sock(). */
static __always_inline struct sock* sock_of(struct tcp_sock* tp) {
    return &tp->inet_conn.icsk_inet.sk;
}

/* inet_sport, because skc_num is 0 at -> CLOSE. */
static __always_inline __u16 local_port_of(const struct tcp_sock* tp) {
    return bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
}

/* 1 if both sides use TCP timestamps, else 0. */
static __always_inline __u32 has_timestamps(const struct tcp_sock* tp) {
    return BPF_CORE_READ_BITFIELD(tp, rx_opt.tstamp_ok);
}

/* Whether the program called bind(), with a port (BINDPORT) or without; a bitfield on older
 * kernels. */
static __always_inline __u32 user_locks(struct tcp_sock* tp) {
    return BPF_CORE_READ_BITFIELD(sock_of(tp), sk_userlocks) &
           (SOCK_BINDADDR_LOCK | SOCK_BINDPORT_LOCK);
}

/* The socket has its own port range for connect(): IP_LOCAL_PORT_RANGE, from 6.3 on. */
static __always_inline bool has_own_range(const struct tcp_sock* tp) {
    const struct inet_sock* inet = &tp->inet_conn.icsk_inet;
    const struct inet_sock___range_of_two* two = (const void*)inet;
    if (bpf_core_field_exists(inet->local_port_range))
        return inet->local_port_range;
    if (bpf_core_field_exists(two->local_port_range))
        return BPF_CORE_READ(two, local_port_range.lo) || BPF_CORE_READ(two, local_port_range.hi);
    return false;
}

/* 4 or 6; an IPv4-mapped peer (RFC 4291, 2.5.5.2) counts as IPv4. */
static __always_inline __u8 family_of(const struct sock* sk) {
    const struct sock_common* common = &sk->__sk_common;
    if (common->skc_family != AF_INET6)
        return 4;
    if (common->skc_v6_daddr.in6_u.u6_addr32[0] || common->skc_v6_daddr.in6_u.u6_addr32[1] ||
        common->skc_v6_daddr.in6_u.u6_addr32[2] != bpf_htonl(0xffff))
        return 6;
    return 4;
}

/* Writes sixteen bytes; returns the family. */
static __always_inline __u8 fill_address(__u8* bytes, const struct sock* sk, bool local) {
    const struct sock_common* common = &sk->__sk_common;
    __be32* out = (__be32*)bytes;
    if (family_of(sk) == 4) {
        out[0] = local ? common->skc_rcv_saddr : common->skc_daddr;
        out[1] = out[2] = out[3] = 0;
        return 4;
    }
    out[0] = local ? common->skc_v6_rcv_saddr.in6_u.u6_addr32[0]
                   : common->skc_v6_daddr.in6_u.u6_addr32[0];
    out[1] = local ? common->skc_v6_rcv_saddr.in6_u.u6_addr32[1]
                   : common->skc_v6_daddr.in6_u.u6_addr32[1];
    out[2] = local ? common->skc_v6_rcv_saddr.in6_u.u6_addr32[2]
                   : common->skc_v6_daddr.in6_u.u6_addr32[2];
    out[3] = local ? common->skc_v6_rcv_saddr.in6_u.u6_addr32[3]
                   : common->skc_v6_daddr.in6_u.u6_addr32[3];
    return 6;
}

#endif
