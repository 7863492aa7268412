/* The contract between the BPF programs and user space: fixed-width records in native byte order,
 * all padding named. Compiled as C by the BPF side and as C++ elsewhere; sizes and offsets are
 * asserted in both. */
#ifndef TWTRACE_WIRE_H
#define TWTRACE_WIRE_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
#define TWTRACE_STATIC_ASSERT static_assert
typedef std::uint8_t twtrace_u8;
typedef std::uint16_t twtrace_u16;
typedef std::uint32_t twtrace_u32;
typedef std::uint64_t twtrace_u64;
#else
#define TWTRACE_STATIC_ASSERT _Static_assert
typedef __u8 twtrace_u8;
typedef __u16 twtrace_u16;
typedef __u32 twtrace_u32;
typedef __u64 twtrace_u64;
#endif

#define TWTRACE_COMM_LEN 16 /* TASK_COMM_LEN */
#define TWTRACE_CGROUPS 4   /* cgroups that the gate compares with */
#define TWTRACE_CIDRS 64
#define TWTRACE_ADDR_LEN 16 /* an IPv4 address takes the first four bytes, the rest is zero */

/* What a record reports. */
enum twtrace_type {
    TWTRACE_TIME_WAIT = 1,      /* replaced by a time-wait minisock */
    TWTRACE_PASSIVE_CLOSE = 2,  /* CLOSE_WAIT -> LAST_ACK: the peer closed first */
    TWTRACE_ABORTED = 3,        /* an active close that ended in a reset, without TIME_WAIT */
    TWTRACE_PORT_EXHAUSTED = 4, /* connect() found no local port: EADDRNOTAVAIL */
    /* Of minisocks, by bpf/ends.bpf.c: struct twtrace_minisock. */
    TWTRACE_TIME_WAIT_START = 5, /* a minisock in FIN_WAIT2 got the peer's FIN */
    TWTRACE_TIME_WAIT_END = 6,   /* a minisock ended, in either substate */
    TWTRACE_TYPES = 8,           /* size of tables indexed by type, with a few spare entries */
};

/* The substate in which the minisock began, or would have (TWTRACE_REASON_OVERFLOW). */
enum twtrace_stage {
    TWTRACE_STAGE_NONE = 0,
    TWTRACE_STAGE_TIME_WAIT = 1, /* the peer's FIN was received (RFC 9293, 3.6) */
    TWTRACE_STAGE_FIN_WAIT2 = 2, /* only the ACK of our FIN was received */
};

enum twtrace_how {
    TWTRACE_HOW_UNKNOWN = 0, /* FIN_WAIT1 preceded the trace */
    TWTRACE_HOW_CLOSE = 1,
    TWTRACE_HOW_SHUTDOWN = 2,
    TWTRACE_HOW_EXIT = 3,   /* the process was dying */
    TWTRACE_HOW_KERNEL = 4, /* a kernel thread closed on behalf of a process */
    TWTRACE_HOWS = 5,
};

enum twtrace_role {
    TWTRACE_ROLE_UNKNOWN = 0,
    TWTRACE_ROLE_CLIENT = 1, /* SYN_SENT -> ESTABLISHED: it connected */
    TWTRACE_ROLE_SERVER = 2, /* SYN_RECV -> ESTABLISHED: it accepted */
    TWTRACE_ROLES = 3,
};

/* Reason of an ABORTED close or of the end of a minisock: PEER_RESET, LOCAL_RESET, or a later one.
 * PORT_EXHAUSTED has NONE if the namespace's range is used up, else one of the last two. */
enum twtrace_reason {
    TWTRACE_REASON_NONE = 0,
    TWTRACE_REASON_PEER_RESET = 1, /* an RST arrived while we waited for the peer's FIN */
    TWTRACE_REASON_LOCAL_RESET =
        2, /* we sent one: SO_LINGER 0, unread data, TCP_LINGER2 < 0, data after close() */
    TWTRACE_REASON_TIMEOUT = 3,  /* the peer never answered */
    TWTRACE_REASON_OVERFLOW = 4, /* tcp_max_tw_buckets reached: no minisock was created */
    TWTRACE_REASON_OTHER = 5,
    TWTRACE_REASON_EXPIRED = 6,        /* its timer expired */
    TWTRACE_REASON_REUSED_CONNECT = 7, /* connect() took it over: net.ipv4.tcp_tw_reuse */
    TWTRACE_REASON_REUSED_SYN = 8,     /* a SYN of the peer took it over (RFC 9293, 3.6.1) */
    TWTRACE_REASON_PURGED = 9,         /* its network namespace ended */
    TWTRACE_REASON_DESTROYED = 10,     /* destroyed on request: ss -K */
    TWTRACE_REASON_PORT_TAKEN = 11,    /* the port that bind() had chosen, towards that peer */
    TWTRACE_REASON_OWN_RANGE = 12,     /* the socket's own range: IP_LOCAL_PORT_RANGE */
    TWTRACE_REASONS = 13,
};

enum twtrace_flag {
    /* This ABORTED record retracts the TIME_WAIT record with the same time_ns and addresses. */
    TWTRACE_FLAG_RETRACTS = 1,
    /* Recovered by the catcher program after the main one was skipped by recursion. */
    TWTRACE_FLAG_CAUGHT = 2,
    /* The role was not seen at -> ESTABLISHED but inferred from the socket's counters. */
    TWTRACE_FLAG_ROLE_INFERRED = 4,
    /* The local port is from bind(), not from connect(); always set on the accepting side. Only if
     * the closer was seen (fin_wait1_ns). */
    TWTRACE_FLAG_PORT_BOUND = 8,
    /* TCP timestamps were negotiated (RFC 7323): without them tcp_tw_reuse never applies. */
    TWTRACE_FLAG_TIMESTAMPS = 16,
    /* The program chose the local port: bind(address, PORT). Only with config.report_port_bound. */
    TWTRACE_FLAG_PORT_CHOSEN = 32,
};

/* How passive closes, half of all closes, are reported. A sum does not need a record for each. */
enum twtrace_passive {
    TWTRACE_PASSIVE_SEND = 0,
    TWTRACE_PASSIVE_COUNT = 1,       /* by task, role and service port: map passives */
    TWTRACE_PASSIVE_COUNT_PEERS = 2, /* and by remote address */
};

struct twtrace_header {
    twtrace_u16 type;   /* enum twtrace_type */
    twtrace_u16 length; /* of the whole record, header included */
};

/* The closing task, read in its own context at -> FIN_WAIT1 (for the other types, at the event
 * itself). */
struct twtrace_task {
    twtrace_u64 start_boottime_ns; /* of the thread group leader: unique together with pid */
    twtrace_u64 cgroup_id;         /* cgroup v2 id (inode of its directory) */
    /* In twtrace's pid namespace; 0: not known, or not visible there. pid: of the thread group. */
    twtrace_u32 pid;
    twtrace_u32 tid;
    twtrace_u32 uid;
    twtrace_u32 parent_pid;      /* 0 also if config.parent is off */
    char comm[TWTRACE_COMM_LEN]; /* of the closing thread, NUL-terminated */
};

struct twtrace_event {
    struct twtrace_header header;
    twtrace_u8 family; /* 4 or 6; v4-mapped addresses are 4 */
    twtrace_u8 stage;  /* enum twtrace_stage */
    twtrace_u8 how;    /* enum twtrace_how */
    twtrace_u8 role;   /* enum twtrace_role */
    twtrace_u32 netns; /* inode of the network namespace */
    twtrace_u16 local_port;
    twtrace_u16 remote_port;
    twtrace_u16 flags;          /* enum twtrace_flag */
    twtrace_u16 reason;         /* enum twtrace_reason */
    twtrace_u32 netns_mix;      /* upper half of twtrace_netns.id */
    twtrace_u64 time_ns;        /* CLOCK_MONOTONIC, of the reported transition */
    twtrace_u64 established_ns; /* CLOCK_MONOTONIC; 0: not seen */
    /* CLOCK_MONOTONIC; 0: not seen. Accurate to the microsecond; to the tick if the FIN was sent at
     * once and retransmitted. */
    twtrace_u64 fin_wait1_ns;
    twtrace_u64 bytes_sent;     /* payload, retransmissions not counted */
    twtrace_u64 bytes_received; /* payload */
    twtrace_u8 local_addr[TWTRACE_ADDR_LEN];
    twtrace_u8 remote_addr[TWTRACE_ADDR_LEN];
    struct twtrace_task task;
};

/* An event of a minisock: TWTRACE_TIME_WAIT_START or _END. The kernel no longer knows the owner;
 * user space remembers it. */
struct twtrace_minisock {
    struct twtrace_header header;
    twtrace_u8 family; /* 4 or 6; v4-mapped addresses are 4 */
    twtrace_u8 stage;  /* enum twtrace_stage: the substate until then */
    twtrace_u8 reason; /* enum twtrace_reason, of an end */
    twtrace_u8 reserved;
    twtrace_u32 netns; /* inode of the network namespace */
    twtrace_u16 local_port;
    twtrace_u16 remote_port;
    twtrace_u64 time_ns; /* CLOCK_MONOTONIC */
    twtrace_u8 local_addr[TWTRACE_ADDR_LEN];
    twtrace_u8 remote_addr[TWTRACE_ADDR_LEN];
};

/* Not an event of a socket: a cgroup v2 directory was created. Its processes and the directory may
 * be gone before user space can read them. */
#define TWTRACE_CGROUP_CREATED 64 /* header.type */
#define TWTRACE_CGROUP_PATH_LEN 1024

struct twtrace_cgroup {
    struct twtrace_header header;
    twtrace_u32 reserved;
    twtrace_u64 id;                     /* inode of the directory */
    char path[TWTRACE_CGROUP_PATH_LEN]; /* from the root of the hierarchy, NUL-terminated */
};

/* Not an event of a socket: the first socket of a network namespace. The namespace's counters may
 * be gone soon. */
#define TWTRACE_NETNS_SEEN 65 /* header.type */

#define TWTRACE_NETNS_MAX 4096 /* remembered at a time */

/* Entries into TIME_WAIT in a namespace that were not sent as events, without retracted ones. */
struct twtrace_netns_counts {
    twtrace_u64 filtered; /* the gate left them out */
    twtrace_u64 lost;     /* they found the ring full */
    twtrace_u64 first_ns; /* when this row was made, CLOCK_MONOTONIC */
};

struct twtrace_netns {
    struct twtrace_header header;
    twtrace_u32 pid; /* of the running task, which may not own the socket; 0: not known */
    /* Inode in the lower half, 32 random bits of the namespace in the upper half, because the
     * kernel reuses inode numbers. */
    twtrace_u64 id;
};

/* Key by which the kernel side counts events: those for which the ring was full (their details are
 * lost, their number is not), and passive closes. */
struct twtrace_overflow_key {
    struct twtrace_task task; /* tid is 0 */
    twtrace_u8 remote_addr[TWTRACE_ADDR_LEN];
    twtrace_u32 netns;
    twtrace_u16 local_port;  /* of a server, else 0 */
    twtrace_u16 remote_port; /* of a client's peer, else 0 */
    twtrace_u8 type;
    twtrace_u8 family;
    twtrace_u8 stage;
    twtrace_u8 how;
    twtrace_u8 role;
    twtrace_u8 retracts;      /* ABORTED records that retract a TIME_WAIT record */
    twtrace_u8 no_timestamps; /* lost TIME_WAIT records: not TWTRACE_FLAG_TIMESTAMPS */
    twtrace_u8 reserved;
};

/* A frequent kind of passive close: user space assigns it a slot, in which each CPU counts it at a
 * fraction of the cost of the table. */
#define TWTRACE_PASSIVE_SLOTS 256 /* a power of two */

/* One cache line. */
struct twtrace_passive_slot {
    struct twtrace_task task; /* tid is 0 */
    twtrace_u32 netns;
    twtrace_u16 port; /* local_port of a server, else remote_port */
    twtrace_u8 used;  /* 0: the slot is unused */
    twtrace_u8 family;
    twtrace_u8 how;
    twtrace_u8 role;
    twtrace_u8 reserved[6];
};

/* Counts of one CPU, only ever increasing; whole cache lines. */
struct twtrace_passive_counts {
    twtrace_u64 count[TWTRACE_PASSIVE_SLOTS];
};

static inline twtrace_u32 twtrace_slot_of(twtrace_u32 pid, twtrace_u16 port, twtrace_u8 role) {
    return (pid * 5 + port + role) & (TWTRACE_PASSIVE_SLOTS - 1);
}

/* Per CPU, only ever increasing. Indexed by type where types differ. */
struct twtrace_stats {
    twtrace_u64 lost[TWTRACE_TYPES]; /* the ring was full */
    twtrace_u64
        uncounted[TWTRACE_TYPES]; /* of these, not in the overflow map either: process unknown */
    twtrace_u64 filtered[TWTRACE_TYPES]; /* left out at the user's request */
    twtrace_u64 caught[TWTRACE_TYPES];   /* recovered by the catcher */
    twtrace_u64 lost_retractions;        /* of lost[ABORTED]: they retract a TIME_WAIT */
    twtrace_u64 untracked;      /* sockets that could not be remembered: no memory, or too many */
    twtrace_u64 mixed;          /* the remembered data was another socket's: not reported */
    twtrace_u64 without_closer; /* entries into TIME_WAIT whose closer is not known */
    /* Only with config.tree_parent. */
    twtrace_u64 closings_begun;   /* active closes by descendants */
    twtrace_u64 closings_ended;   /* of these, those whose socket has closed */
    twtrace_u64 descendants_lost; /* map descendants was full */
};

/* What the gate passes; set before load, so that the verifier drops the tests that are off. */
struct twtrace_config {
    twtrace_u32 types;       /* bit (1 << twtrace_type) */
    twtrace_u32 netns_count; /* 0: all */
    twtrace_u32 group_shift; /* of map groups: 32 less the bits of its size, a power of two */
    twtrace_u8 family;       /* 0: both */
    twtrace_u8 filter_pid;
    twtrace_u8 filter_local_port;
    twtrace_u8 filter_remote_port;
    twtrace_u8 filter_local_addr;  /* map local_cidrs */
    twtrace_u8 filter_remote_addr; /* map remote_cidrs */
    twtrace_u8 role;               /* enum twtrace_role; 0: every */
    twtrace_u8 cgroup_count;       /* 0: all */
    twtrace_u8 count_passive;      /* enum twtrace_passive */
    twtrace_u8 report_port_bound;  /* TWTRACE_FLAG_PORT_BOUND is wanted: two cold cache lines */
    twtrace_u8 parent;             /* parent_pid is wanted */
    twtrace_u8 reserved;
    twtrace_u32 netns[16];
    twtrace_u32 cgroup_level[TWTRACE_CGROUPS]; /* 0: the root of the v2 hierarchy */
    twtrace_u32 pid_namespace; /* inode of the namespace of reported pids; 0: the initial one */
    twtrace_u32 tick_ns;       /* a jiffy: the timer's period */
    twtrace_u64 cgroup_id[TWTRACE_CGROUPS]; /* including all descendants */
    /* A cgroup with a larger id was created after the filter: user space checks its path. */
    twtrace_u64 cgroup_id_known;
    /* Only descendants of this process that it starts from now on; 0: all. A pid in pid_namespace.
     */
    twtrace_u32 tree_parent;
    twtrace_u32 reserved2;
};

/* A process that descends from config.tree_parent. */
#define TWTRACE_TREE_MAX 32768 /* processes that exist at a time */

struct twtrace_descendant {
    twtrace_u64 start_boottime_ns;
    twtrace_u32 pid; /* in config.pid_namespace; 0: not visible there */
    twtrace_u32 reserved;
};

/* Key of local_cidrs and remote_cidrs (struct bpf_lpm_trie_key). */
struct twtrace_cidr {
    twtrace_u32 prefix_bits; /* counted from `family`: 32 + the bits of the network */
    twtrace_u32 family;      /* 4 or 6 */
    twtrace_u8 addr[TWTRACE_ADDR_LEN];
};

TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_header) == 4, "wire");
TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_task) == 48, "wire");
TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_event) == 144, "wire");
TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_minisock) == 56, "wire");
TWTRACE_STATIC_ASSERT(__builtin_offsetof(struct twtrace_minisock, time_ns) == 16, "wire");
TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_cgroup) == 16 + TWTRACE_CGROUP_PATH_LEN, "wire");
TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_netns) == 16, "wire");
TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_overflow_key) == 80, "wire");
TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_passive_slot) == 64, "wire");
TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_cidr) == 24, "wire");
TWTRACE_STATIC_ASSERT(sizeof(struct twtrace_descendant) == 16, "wire");
TWTRACE_STATIC_ASSERT(__builtin_offsetof(struct twtrace_config, cgroup_id) % 8 == 0, "wire");
TWTRACE_STATIC_ASSERT(__builtin_offsetof(struct twtrace_event, time_ns) == 24, "wire");
TWTRACE_STATIC_ASSERT(__builtin_offsetof(struct twtrace_event, local_addr) == 64, "wire");
TWTRACE_STATIC_ASSERT(__builtin_offsetof(struct twtrace_event, task) == 96, "wire");

#endif
