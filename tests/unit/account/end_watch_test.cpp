#include "account/end_watch.h"

#include <csignal>
#include <string>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch2.h"

using namespace twtrace;

TEST_CASE("the end of a process that leads into a namespace is reported once") {
    EndWatch watch;
    const pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    watch.follow({1, "/proc/" + std::to_string(child) + "/ns/net"});
    watch.follow({2, "/run/netns/blue"});
    CHECK_FALSE(watch.any_ended());
    kill(child, SIGKILL);
    pollfd readable{watch.fd(), POLLIN, 0};
    CHECK(poll(&readable, 1, 10'000) == 1);
    CHECK(watch.any_ended());
    CHECK_FALSE(watch.any_ended());
    waitpid(child, nullptr, 0);
}

TEST_CASE("the end of a process that is not followed any more is not reported") {
    EndWatch watch;
    const pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    watch.follow({1, "/proc/" + std::to_string(child) + "/ns/net"});
    watch.forget(1);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    CHECK_FALSE(watch.any_ended());
}
