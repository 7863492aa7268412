#include "privilege/system_calls.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace twtrace {

namespace {

// By name, because architectures and versions of libseccomp differ: a name that is unknown here is
// ignored. Several names for the same operation serve different C libraries.
using Names = std::span<const char* const>;

constexpr std::array always{
    // memory, time, identity, threads
    "brk", "munmap", "mremap", "madvise", "futex", "set_robust_list", "rseq", "sched_yield",
    "sched_getaffinity", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time", "getpid", "gettid", "getuid", "geteuid", "getgid", "getegid",
    "getrandom", "uname", "sysinfo", "getrusage", "prlimit64", "getrlimit", "membarrier",
    "set_tid_address", "exit", "exit_group", "restart_syscall",
    // signals and exit
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
    "sigaltstack", "tgkill",
    // open descriptors
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "lseek",
    "close", "close_range", "fcntl", "dup", "dup2", "dup3", "pipe2", "poll", "ppoll", "select",
    "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
    "timerfd_create", "timerfd_settime", "signalfd4", "eventfd2",
    // reading files; open() has a rule of its own
    "stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat",
    "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd"};

// openat2() passes its flags in memory, so it could create a file.
constexpr std::array processes{"openat2", "open_by_handle_at", "name_to_handle_at", "pidfd_open"};
constexpr std::array netlink{"sendto", "sendmsg",     "recvfrom",   "recvmsg",
                             "bind",   "getsockname", "setsockopt", "getsockopt"};
constexpr std::array files{"mkdir",    "mkdirat",   "unlink",    "unlinkat",  "rename",
                           "renameat", "renameat2", "fsync",     "fdatasync", "ftruncate",
                           "fchmod",   "fchmodat",  "fallocate", "flock"};
constexpr std::array names_of_hosts{
    "socket",     "connect",   "sendto",   "sendmsg",     "sendmmsg",      "recvfrom",
    "recvmsg",    "recvmmsg",  "bind",     "getsockname", "getpeername",   "setsockopt",
    "getsockopt", "mmap",      "mprotect", "shutdown",    "clock_adjtime", "getgroups",
    "getresuid",  "getresgid", "geteuid",  "getppid"};
constexpr std::array children{"kill",   "wait4",    "waitid",  "pidfd_send_signal",
                              "sendto", "recvfrom", "sendmsg", "recvmsg"};

constexpr std::array raising{"capget", "capset"};

// A sandbox's child: nothing that opens a file, creates a socket or reaches another process.
constexpr std::array parsing{
    "brk",          "munmap",          "mremap",       "madvise", "futex",      "clock_gettime",
    "clock_getres", "gettimeofday",    "read",         "readv",   "write",      "writev",
    "sendto",       "recvfrom",        "sendmsg",      "recvmsg", "close",      "poll",
    "ppoll",        "restart_syscall", "rt_sigreturn", "exit",    "exit_group", "getrandom"};
constexpr std::array connections{"accept4", "accept", "epoll_ctl", "epoll_wait", "epoll_pwait"};

constexpr std::array map_commands{BPF_MAP_LOOKUP_ELEM,    BPF_MAP_UPDATE_ELEM,
                                  BPF_MAP_DELETE_ELEM,    BPF_MAP_GET_NEXT_KEY,
                                  BPF_OBJ_GET_INFO_BY_FD, BPF_MAP_LOOKUP_AND_DELETE_ELEM,
                                  BPF_MAP_LOOKUP_BATCH,   BPF_MAP_LOOKUP_AND_DELETE_BATCH,
                                  BPF_MAP_DELETE_BATCH};

// Used by isatty() and to get the size of a terminal.
constexpr std::array terminal_queries{TCGETS, TIOCGWINSZ, FIONREAD};
constexpr std::array terminal_settings{TCSETS, TCSETSW, TCSETSF, TIOCGPGRP};

struct Release {
    void operator()(void* filter) const { seccomp_release(filter); }
};

class SystemCallFilter {
  public:
    // ENOSYS: C libraries then fall back to an older call.
    SystemCallFilter() : filter_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS))) {
        if (!filter_)
            error_ = -ENOMEM;
        else // without threads there is only one to filter, but a library may have its own
            keep_error(seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
    }

    void allow(Names names) {
        for (const char* name : names)
            if (const int number = seccomp_syscall_resolve_name(name); number >= 0)
                keep_error(
                    seccomp_rule_add_array(filter_.get(), SCMP_ACT_ALLOW, number, 0, nullptr));
    }
    /// Allows the call only with an argument, counted from 0, whose bits in mask have this value.
    void allow_masked(const char* name, unsigned argument, std::uint64_t mask,
                      std::uint64_t value) {
        const scmp_arg_cmp wanted{argument, SCMP_CMP_MASKED_EQ, mask, value};
        if (const int number = seccomp_syscall_resolve_name(name); number >= 0)
            keep_error(seccomp_rule_add_array(filter_.get(), SCMP_ACT_ALLOW, number, 1, &wanted));
    }
    template <typename Values>
    void allow_values(const char* name, unsigned argument, const Values& values) {
        for (const auto value : values)
            allow_masked(name, argument, 0xffffffff, static_cast<std::uint64_t>(value));
    }

    /// 0, or a negative errno.
    [[nodiscard]] int load() const { return error_ != 0 ? error_ : seccomp_load(filter_.get()); }

  private:
    void keep_error(int result) { error_ = error_ != 0 ? error_ : result; }

    std::unique_ptr<void, Release> filter_;
    int error_ = 0;
};

void allow_opening(SystemCallFilter& filter, bool writing) {
    constexpr std::uint64_t changes = O_ACCMODE | O_CREAT | O_TRUNC;
    filter.allow_masked("open", 1, writing ? 0 : changes, 0);
    filter.allow_masked("openat", 2, writing ? 0 : changes, 0);
}

// Memory without new executable code.
void allow_data(SystemCallFilter& filter) {
    filter.allow_masked("mmap", 2, PROT_EXEC, 0);
    filter.allow_masked("mprotect", 2, PROT_EXEC, 0);
}

// Threads are allowed, processes are not; clone3() passes its flags in memory, and C libraries can
// do without it.
void allow_threads(SystemCallFilter& filter) {
    filter.allow_masked("clone", 0, CLONE_THREAD, CLONE_THREAD);
}

Result<void> load(const SystemCallFilter& filter) {
    if (const int error = filter.load(); error != 0)
        return fail(
            fmt::format("system calls are not limited: seccomp: {}", std::strerror(-error)));
    return {};
}

} // namespace

bool can_limit_system_calls() {
    const std::uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

Result<void> limit_system_calls(const Duties& duties) {
    SystemCallFilter filter;
    filter.allow(always);
    allow_opening(filter, duties.writes_files);
    allow_data(filter);
    allow_threads(filter);
    filter.allow_values("ioctl", 1, terminal_queries);
    if (duties.uses_terminal)
        filter.allow_values("ioctl", 1, terminal_settings);
    if (duties.reads_maps)
        filter.allow_values("bpf", 0, map_commands);
    if (duties.reads_processes) {
        filter.allow(processes);
        filter.allow(netlink);
        filter.allow_masked("socket", 0, 0xffffffff, AF_NETLINK);
    }
    if (duties.enters_namespaces) {
        filter.allow(raising);
        filter.allow_masked("setns", 1, 0xffffffff, CLONE_NEWNET);
    }
    if (duties.writes_files)
        filter.allow(files);
    if (duties.resolves_names)
        filter.allow(names_of_hosts);
    if (duties.has_child)
        filter.allow(children);
    return load(filter);
}

Result<void> limit_sandbox(SandboxWork kind) {
    SystemCallFilter filter;
    filter.allow(parsing);
    allow_data(filter);
    if (kind == SandboxWork::ServeConnections) {
        filter.allow(connections);
        filter.allow_values("setsockopt", 1, std::array{IPPROTO_TCP});
        filter.allow_values("fcntl", 1, std::array{F_DUPFD_CLOEXEC});
    }
    return load(filter);
}

} // namespace twtrace
