#include "source/preflight.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/capability.h>

#include "privilege/capabilities.h"
#include "util/fd.h"

namespace twtrace {

namespace {

Result<void> check_privileges() {
    if (has_capability(CAP_SYS_ADMIN))
        return {};
    std::string missing;
    if (!has_capability(CAP_BPF))
        missing += "CAP_BPF";
    if (!has_capability(CAP_PERFMON))
        missing += missing.empty() ? "CAP_PERFMON" : " and CAP_PERFMON";
    if (missing.empty())
        return {};
    if (geteuid() != 0)
        return fail(
            fmt::format("cannot load BPF programs: not root, and {} missing; run twtrace with "
                        "sudo, or give the "
                        "binary the capabilities (setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep)",
                        missing));
    return fail(fmt::format(
        "cannot load BPF programs: root without {}, as in a container; start the container "
        "with --privileged, or --cap-add BPF --cap-add PERFMON --cap-add SYS_PTRACE",
        missing));
}

std::string release() {
    utsname name{};
    return uname(&name) == 0 ? name.release : "unknown";
}

std::string lockdown_mode() {
    std::ifstream file("/sys/kernel/security/lockdown");
    std::string text;
    std::getline(file, text);
    const auto open = text.find('[');
    const auto close = text.find(']');
    return open == std::string::npos || close == std::string::npos
               ? ""
               : text.substr(open + 1, close - open - 1);
}

// Not libbpf's probe, which does not distinguish a kernel without ring buffers from a seccomp
// filter.
Result<void> check_ring_buffer() {
    const auto page = static_cast<std::uint32_t>(sysconf(_SC_PAGESIZE));
    const Fd ring(bpf_map_create(BPF_MAP_TYPE_RINGBUF, nullptr, 0, 0, page, nullptr));
    if (ring.get() >= 0)
        return {};
    if (errno == EPERM || errno == EACCES)
        return fail(explain_load_failure(errno));
    return fail(fmt::format(
        "kernel {} is too old: it has no BPF ring buffer; 5.8 or newer is needed", release()));
}

} // namespace

Result<void> preflight() {
    if (auto allowed = check_privileges(); !allowed)
        return allowed;
    if (access(kernel_btf_path, R_OK) != 0)
        return fail(fmt::format(
            "kernel {} has no readable type information ({}): {}; boot a kernel built with "
            "CONFIG_DEBUG_INFO_BTF=y (every current distribution kernel is), and mount /sys",
            release(), kernel_btf_path, std::strerror(errno)));
    return check_ring_buffer();
}

std::string explain_load_failure(int error) {
    if (error == EPERM || error == EACCES) {
        if (lockdown_mode() == "confidentiality")
            return "the host refuses BPF: kernel lockdown is in confidentiality mode; boot with "
                   "lockdown=integrity "
                   "(/sys/kernel/security/lockdown)";
        return fmt::format(
            "the host refuses BPF programs: {}; look for a security module, a seccomp filter, or "
            "RLIMIT_MEMLOCK (ulimit -l) on kernels before 5.11; -v shows the kernel's message",
            std::strerror(error));
    }
    if (error == ENOMEM)
        return "the kernel has no memory for the ring buffer or the tables; try a smaller --ring";
    return fmt::format("kernel {} does not load the BPF programs: {}; -v shows the verifier's log; "
                       "please report it",
                       release(), std::strerror(error));
}

std::string explain_attach_failure(int error) {
    return fmt::format(
        "cannot attach to the inet_sock_set_state tracepoint of kernel {}: {}; -v shows more",
        release(), std::strerror(error));
}

} // namespace twtrace
