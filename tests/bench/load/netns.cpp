#include "netns.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <net/if.h>
#include <sched.h>
#include <sstream>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace load {
namespace {

bool complain(const char* what) {
    std::fprintf(stderr, "load: %s: %s (root is needed)\n", what, std::strerror(errno));
    return false;
}

bool write_sysctl(const char* path, const char* value) {
    std::ofstream file(path);
    file << value << std::flush;
    return file ? true : complain(path);
}

bool raise_loopback() {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    bool ok = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    ok = ok && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    if (fd >= 0)
        close(fd);
    return ok ? true : complain("bringing loopback up");
}

} // namespace

bool enter_fresh_namespace() {
    if (unshare(CLONE_NEWNET) != 0)
        return complain("unshare(CLONE_NEWNET)");
    // The limit is per namespace, 131,072 by default. 20 million is the largest --count.
    return raise_loopback() && write_sysctl("/proc/sys/net/ipv4/tcp_max_tw_buckets", "20000000") &&
           write_sysctl("/proc/sys/net/ipv4/ip_local_port_range", "1024 65535") &&
           write_sysctl("/proc/sys/net/core/somaxconn", "4096") &&
           write_sysctl("/proc/sys/net/ipv4/tcp_max_syn_backlog", "4096");
}

KernelCounters read_kernel_counters() {
    std::ifstream file("/proc/self/net/netstat");
    KernelCounters counters;
    std::string names_line, values_line;
    while (std::getline(file, names_line) && std::getline(file, values_line)) {
        std::istringstream names(names_line), values(values_line);
        std::string name, value;
        while (names >> name && values >> value) {
            if (name == "TW")
                counters.time_wait = std::stoull(value);
            else if (name == "TCPTimeWaitOverflow")
                counters.overflow = std::stoull(value);
            else if (name == "ListenDrops")
                counters.listen_drops = std::stoull(value);
        }
    }
    return counters;
}

} // namespace load
