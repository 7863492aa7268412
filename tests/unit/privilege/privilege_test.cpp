// Each test runs in a child, because dropped privileges cannot be regained.
#include <cerrno>
#include <cstdio>
#include <functional>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch2.h"

#include "privilege/capabilities.h"
#include "privilege/landlock.h"
#include "privilege/system_calls.h"
#include "util/fd.h"

using namespace twtrace;

namespace {

/// The exit status of a child that runs this; -1 if a signal ended it.
int in_child(const std::function<int()>& work) {
    const pid_t child = fork();
    if (child == 0)
        _exit(work());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr int refused_to_set_up = 99;

/// errno of `call` under the limits of these duties; 0: success.
int under_limits(const Duties& duties, const std::function<bool()>& call) {
    return in_child([&] {
        if (!limit_system_calls(duties))
            return refused_to_set_up;
        errno = 0;
        return call() ? 0 : errno;
    });
}

bool opens(const char* path, int flags) {
    return static_cast<bool>(Fd(open(path, flags | O_CLOEXEC, 0600)));
}

} // namespace

TEST_CASE("privilege: system calls that no duty needs are refused") {
    if (!can_limit_system_calls()) {
        WARN("SKIP: no seccomp here");
        return;
    }
    Duties none;
    CHECK(under_limits(none, [] { return opens("/dev/null", O_RDONLY); }) == 0);
    CHECK(under_limits(none, [] { return opens("/dev/null", O_WRONLY); }) == ENOSYS);
    CHECK(under_limits(none, [] { return execl("/bin/true", "true", nullptr) == 0; }) == ENOSYS);
    CHECK(under_limits(none, [] { return fork() >= 0; }) == ENOSYS);
    CHECK(under_limits(none, [] {
              return static_cast<bool>(Fd(socket(AF_INET, SOCK_STREAM, 0)));
          }) == ENOSYS);
    Duties writes;
    writes.writes_files = true;
    CHECK(under_limits(writes, [] { return opens("/dev/null", O_WRONLY); }) == 0);
    Duties looks;
    looks.reads_processes = true;
    CHECK(under_limits(
              looks, [] { return static_cast<bool>(Fd(socket(AF_NETLINK, SOCK_DGRAM, 0))); }) == 0);
    CHECK(under_limits(looks, [] {
              return static_cast<bool>(Fd(socket(AF_INET, SOCK_STREAM, 0)));
          }) == ENOSYS);
}

TEST_CASE("privilege: files are confined to those that are named") {
    if (landlock_version() == 0) {
        WARN("SKIP: no Landlock here");
        return;
    }
    Duties duties;
    duties.confined = true;
    duties.readable = {"/proc/self", "/does/not/exist"};
    const auto confined = [&](const std::function<bool()>& call) {
        return in_child([&] {
            if (!confine_to_files(duties))
                return refused_to_set_up;
            errno = 0;
            return call() ? 0 : errno;
        });
    };
    CHECK(confined([] { return opens("/proc/self/status", O_RDONLY); }) == 0);
    CHECK(confined([] { return opens("/etc/passwd", O_RDONLY); }) == EACCES);
    CHECK(confined([] { return opens("/proc/self/comm", O_WRONLY); }) == EACCES);
}

TEST_CASE("privilege: each capability has a duty") {
    CHECK(capabilities_for(Duties{}).empty());
    Duties traces;
    traces.reads_maps = traces.reads_processes = true;
    CHECK(capabilities_for(traces) == std::vector<unsigned>{CAP_BPF, CAP_SYS_PTRACE});
}

TEST_CASE("privilege: capabilities that no duty needs are dropped and cannot be regained") {
    Duties duties;
    duties.reads_processes = true;
    const bool had = has_capability(CAP_SYS_PTRACE);
    CHECK(in_child([&] {
              const auto kept = keep_capabilities(duties);
              const bool right = kept && has_capability(CAP_SYS_PTRACE) == had &&
                                 !has_capability(CAP_NET_ADMIN) && !has_capability(CAP_SYS_ADMIN) &&
                                 kept->size() == (had ? 1 : 0);
              return right ? 0 : 1;
          }) == 0);
    if (had)
        CHECK(in_child([&] {
                  return keep_capabilities(duties) &&
                                 prctl(PR_CAPBSET_READ, CAP_NET_ADMIN, 0, 0, 0) == 0
                             ? 0
                             : 1;
              }) == 0);
}
