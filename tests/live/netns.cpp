#include "netns.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "errors.h"
#include "fd.h"
#include "forked.h"

namespace live {

namespace {

void bring_loopback_up() {
    const Fd any(check_call(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    check_call(ioctl(any.get(), SIOCSIFFLAGS, &request), "lo up");
}

void write_sysctl(std::string name, const std::string& value) {
    std::replace(name.begin(), name.end(), '.', '/');
    const std::string file = "/proc/sys/" + name;
    const Fd fd(check_call(open(file.c_str(), O_WRONLY | O_CLOEXEC), file));
    write_all(fd.get(), value);
}

[[noreturn]] void hold(int ready) {
    die_with_parent();
    std::string answer;
    try {
        check_call(unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
        bring_loopback_up();
    } catch (const std::exception& error) {
        answer = error.what();
    }
    write_all(ready, answer);
    close(ready);
    for (;;) {
        pause();
    }
}

} // namespace

TestNamespace::TestNamespace() {
    std::array<int, 2> pipe_fds{};
    check_call(pipe2(pipe_fds.data(), O_CLOEXEC), "pipe2");
    const Fd in(pipe_fds[0]);
    Fd out(pipe_fds[1]);
    holder_ = check_call(fork(), "fork");
    if (holder_ == 0) {
        hold(out.release());
    }
    out.reset();
    const std::string error = read_all(in.get());
    check(error.empty(), "network namespace: " + error);
}

TestNamespace::~TestNamespace() {
    kill(holder_, SIGKILL);
    waitpid(holder_, nullptr, 0);
}

std::string TestNamespace::path() const {
    return "/proc/" + std::to_string(holder_) + "/ns/net";
}

std::uint64_t TestNamespace::inode() const {
    struct stat info {};
    check_call(stat(path().c_str(), &info), path());
    return info.st_ino;
}

void TestNamespace::enter() const {
    const Fd fd(check_call(open(path().c_str(), O_RDONLY | O_CLOEXEC), path()));
    check_call(setns(fd.get(), CLONE_NEWNET), "setns");
}

std::string TestNamespace::run_in(const std::function<std::string()>& fn) const {
    return Forked([&] {
               enter();
               return fn();
           })
        .collect();
}

void TestNamespace::set_sysctl(const std::string& name, const std::string& value) const {
    run_in([&] {
        write_sysctl(name, value);
        return std::string();
    });
}

bool TestNamespace::add_slow_lane() const {
    // 8 ms per FIN: long enough for both ends to close, short enough to avoid retransmissions.
    const std::string commands = "tc qdisc add dev lo root handle 1: htb default 0 && "
                                 "tc class add dev lo parent 1: classid 1:2 htb rate 80kbit burst "
                                 "100 cburst 100 quantum 1500";
    const std::string status = run_in([&] {
        const std::string quiet = "PATH=$PATH:/usr/sbin:/sbin; (" + commands + ") >/dev/null 2>&1";
        return std::to_string(std::system(quiet.c_str()));
    });
    return status == "0";
}

} // namespace live
