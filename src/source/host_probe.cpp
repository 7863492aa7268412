#include "source/host_probe.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/magic.h>
#include <memory>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/capability.h>

#include "privilege/capabilities.h"
#include "privilege/landlock.h"
#include "privilege/system_calls.h"
#include "source/ends.h"
#include "source/preflight.h"
#include "source/sockets.h"
#include "source/try_attach.h"
#include "util/fd.h"

namespace twtrace {

namespace {

HostCheck check(std::string name, bool yes, bool required, std::string found, std::string without) {
    return {std::move(name), yes ? Allowed::Yes : Allowed::No, required, std::move(found),
            std::move(without)};
}

int tracepoint_id(const btf* types, const char* name) {
    return types == nullptr
               ? -1
               : btf__find_by_name_kind(types, (std::string("btf_trace_") + name).c_str(),
                                        BTF_KIND_TYPEDEF);
}

bool has_member(const btf* types, const char* record, const char* member) {
    const int id = types == nullptr ? -1 : btf__find_by_name_kind(types, record, BTF_KIND_STRUCT);
    const btf_type* type =
        id > 0 ? btf__type_by_id(types, static_cast<std::uint32_t>(id)) : nullptr;
    if (type == nullptr)
        return false;
    const btf_member* members = btf_members(type);
    for (std::uint16_t index = 0; index < btf_vlen(type); ++index) {
        const char* name = btf__name_by_offset(types, members[index].name_off);
        if (name != nullptr && std::strcmp(name, member) == 0)
            return true;
    }
    return false;
}

bool has_enumerator(const btf* types, const char* enumeration, const char* enumerator) {
    const int id =
        types == nullptr ? -1 : btf__find_by_name_kind(types, enumeration, BTF_KIND_ENUM);
    const btf_type* type =
        id > 0 ? btf__type_by_id(types, static_cast<std::uint32_t>(id)) : nullptr;
    if (type == nullptr)
        return false;
    const auto* values = ::btf_enum(type);
    for (std::uint16_t index = 0; index < btf_vlen(type); ++index) {
        const char* name = btf__name_by_offset(types, values[index].name_off);
        if (name != nullptr && std::strcmp(name, enumerator) == 0)
            return true;
    }
    return false;
}

bool is_mounted(const char* path, decltype(statfs::f_type) magic) {
    struct statfs file_system {};
    return statfs(path, &file_system) == 0 && file_system.f_type == magic;
}

std::string cgroup_layout() {
    if (is_mounted("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC))
        return "v2";
    if (is_mounted("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC))
        return "hybrid: v1, with v2 at /sys/fs/cgroup/unified";
    return access("/sys/fs/cgroup", F_OK) == 0 ? "v1" : "";
}

std::string outcome(int error) {
    return error == 0 ? "works" : std::strerror(error);
}

void add_privileges(std::vector<HostCheck>& checks) {
    struct Capability {
        unsigned number;
        const char* name;
        bool required;
        const char* without;
    };
    constexpr std::array capabilities{
        Capability{CAP_BPF, "CAP_BPF", true, "loads no BPF programs (CAP_SYS_ADMIN does as well)"},
        Capability{CAP_PERFMON, "CAP_PERFMON", true,
                   "loads no tracing programs (CAP_SYS_ADMIN does as well)"},
        Capability{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", false,
                   "names of other users' processes and counters of their namespaces are missing"},
        Capability{
            CAP_SYS_ADMIN, "CAP_SYS_ADMIN", false,
            "list and doctor see the sockets and settings of their own network namespace only"}};
    const bool admin = has_capability(CAP_SYS_ADMIN);
    for (const Capability& capability : capabilities) {
        const bool has = has_capability(capability.number);
        const bool by_admin = !has && capability.required && admin;
        checks.push_back(check(capability.name, has || by_admin, capability.required,
                               by_admin ? "CAP_SYS_ADMIN replaces it"
                               : has    ? "held"
                                        : "not held",
                               capability.without));
    }
}

void add_bpf(const btf* types, std::vector<HostCheck>& checks) {
    checks.push_back(check("BTF", types != nullptr, true, kernel_btf_path,
                           "cannot adapt its programs to this kernel"));
    checks.push_back(check("ring buffer",
                           libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nullptr) == 1, true,
                           "BPF_MAP_TYPE_RINGBUF (5.8)", "nothing replaces it"));
    for (const char* name : {"inet_sock_set_state", "tcp_send_reset", "tcp_destroy_sock"}) {
        const int error = try_tracing(BPF_TRACE_RAW_TP, tracepoint_id(types, name));
        checks.push_back(check(fmt::format("tp_btf/{}", name), error == 0, true, outcome(error),
                               "nothing replaces it"));
    }
    const bool task = has_enumerator(types, "bpf_func_id", "BPF_FUNC_get_current_task_btf");
    checks.push_back(check("get_current_task_btf", task, false, task ? "helper of 5.11" : "none",
                           "reads the closing task through other helpers, a little slower"));
    const auto ends = probe_ends();
    checks.push_back(check("fentry", ends.has_value(), false, ends ? "works" : ends.error().message,
                           "cannot report how each TIME_WAIT ends (--ends)"));
}

// Tries an atomic add that returns the old value, in a socket filter, which needs only CAP_BPF.
bool has_atomics() {
    constexpr std::int32_t fetch_add = 0x01; // BPF_ADD | BPF_FETCH, since 5.12
    const std::array<bpf_insn, 5> program{
        bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
        bpf_insn{BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_0, -8, 0},
        bpf_insn{BPF_STX | 0xc0 | BPF_DW, BPF_REG_10, BPF_REG_0, -8, fetch_add},
        bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
        bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    return static_cast<bool>(Fd(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "twtrace_probe", "GPL",
                                              program.data(), program.size(), nullptr)));
}

void add_surroundings(const btf* types, std::vector<HostCheck>& checks) {
    const bool atomics = has_atomics();
    checks.push_back({"BPF atomics", atomics ? Allowed::Yes : Allowed::Unneeded, false,
                      atomics ? "with fetch (5.12)" : "plain adds only",
                      "not needed: plain adds suffice"});
    const std::string cgroup = cgroup_layout();
    const bool v1 = cgroup == "v1";
    checks.push_back(check("cgroup", !cgroup.empty() && !v1, false,
                           cgroup.empty() ? "not mounted" : cgroup,
                           "units and containers are read from /proc/PID/cgroup while the process "
                           "exists, else only its name is known"));
    const bool diag = static_cast<bool>(SocketDump::open());
    checks.push_back(check("inet_diag", diag, false, diag ? "lists sockets" : "no sock_diag socket",
                           "list and doctor cannot read present sockets"));
    const bool at_end = has_member(types, "inet_timewait_sock", "tw_kill");
    checks.push_back({"TcpExt TW", Allowed::Yes, false,
                      types == nullptr ? "not known"
                      : at_end         ? "counted when TIME_WAIT ends"
                                       : "counted when TIME_WAIT begins",
                      "the accounting allows for either"});
    checks.push_back({"bpffs", Allowed::Unneeded, false,
                      is_mounted("/sys/fs/bpf", BPF_FS_MAGIC) ? "mounted" : "not mounted",
                      "not needed"});
    const bool tracefs = is_mounted("/sys/kernel/tracing", TRACEFS_MAGIC) ||
                         is_mounted("/sys/kernel/debug/tracing", TRACEFS_MAGIC);
    checks.push_back(
        {"tracefs", Allowed::Unneeded, false, tracefs ? "mounted" : "not mounted", "not needed"});
}

void add_least_privilege(std::vector<HostCheck>& checks) {
    const bool filters = can_limit_system_calls();
    checks.push_back(check("seccomp", filters, false,
                           filters ? "limits system calls after the start" : "none",
                           "may make every system call until it ends"));
    const int version = landlock_version();
    checks.push_back(check("Landlock", version > 0, false,
                           version > 0 ? fmt::format("version {}", version) : "none (5.13)",
                           "reads recordings without being confined to their files"));
}

int silent(libbpf_print_level /*level*/, const char* /*format*/, va_list /*arguments*/) {
    return 0;
}

} // namespace

HostReport probe_host() {
    libbpf_set_print(silent);
    HostReport report;
    utsname system{};
    if (uname(&system) == 0) {
        report.host = system.nodename;
        report.kernel = system.release;
    }
    const Btf types(btf__load_vmlinux_btf());
    add_privileges(report.checks);
    add_bpf(types.get(), report.checks);
    add_surroundings(types.get(), report.checks);
    add_least_privilege(report.checks);
    if (auto ready = preflight(); !ready)
        report.refusal = ready.error().message;
    for (const HostCheck& one : report.checks)
        if (report.refusal.empty() && one.required && one.allowed == Allowed::No)
            report.refusal = fmt::format("{}: {}; {}", one.name, one.found, one.without);
    return report;
}

} // namespace twtrace
