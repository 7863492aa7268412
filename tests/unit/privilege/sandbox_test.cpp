#include "privilege/sandbox.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "catch2.h"

#include "privilege/capabilities.h"
#include "privilege/sanitized.h"
#include "privilege/system_calls.h"

using namespace twtrace;

namespace {

constexpr int bound_ms = 10'000;

bool is_readable(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    return poll(&waiting, 1, bound_ms) > 0;
}

/// The child's report about itself.
struct Found {
    int opening = 0; ///< errno
    int socket = 0;
    int forking = 0;
    bool kept_is_open = false;
    bool other_is_open = false;
};

Found find_limits(int kept, int other) {
    Found found;
    const auto error_of = [](long result) { return result < 0 ? errno : 0; };
    char byte = 0;
    found.opening = error_of(open("/dev/null", O_RDONLY));
    found.socket = error_of(socket(AF_UNIX, SOCK_STREAM, 0));
    found.forking = error_of(fork());
    found.kept_is_open = read(kept, &byte, 1) == 1;
    found.other_is_open = read(other, &byte, 1) == 1;
    return found;
}

} // namespace

TEST_CASE("sandbox: the child has only its channel and the kept descriptors") {
    if (sanitized || !can_limit_system_calls()) {
        WARN("SKIP: system calls are not limited here");
        return;
    }
    has_capability(CAP_SYS_PTRACE); // libcap-ng then has a state, which the child inherits
    const Fd kept(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    const Fd other(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    auto sandbox = Sandbox::start("a test", SandboxWork::Parse, {kept.get()}, [&](int channel) {
        const Found found = find_limits(kept.get(), other.get());
        [[maybe_unused]] const ssize_t sent = write(channel, &found, sizeof(found));
    });
    REQUIRE(sandbox);
    Found found;
    REQUIRE(recv(sandbox->channel(), &found, sizeof(found), MSG_WAITALL) == sizeof(found));
    CHECK(found.opening == ENOSYS);
    CHECK(found.socket == ENOSYS);
    CHECK(found.forking == ENOSYS);
    CHECK(found.kept_is_open);
    CHECK_FALSE(found.other_is_open);
    REQUIRE(is_readable(sandbox->end_fd()));
    CHECK(sandbox->fate() == "ended with status 0");
}

TEST_CASE("sandbox: the child ends with its channel, ignores stop signals, and can be killed") {
    const auto until_closed = [](int channel) {
        char byte = 0;
        while (read(channel, &byte, 1) > 0 && write(channel, &byte, 1) > 0) {
        }
    };
    pid_t gone = 0;
    {
        const auto sandbox = Sandbox::start("a test", SandboxWork::Parse, {}, until_closed);
        REQUIRE(sandbox);
        gone = sandbox->pid();
        kill(gone, SIGTERM);
        char byte = 'x';
        REQUIRE(write(sandbox->channel(), &byte, 1) == 1);
        CHECK(read(sandbox->channel(), &byte, 1) == 1);
    }
    CHECK(kill(gone, 0) != 0);
    auto killed = Sandbox::start("a test", SandboxWork::Parse, {}, until_closed);
    REQUIRE(killed);
    killed->kill();
    REQUIRE(is_readable(killed->end_fd()));
    CHECK(killed->fate() == "was ended by signal 9");
}

TEST_CASE("sandbox: a child that does not end is killed") {
    pid_t gone = 0;
    {
        const auto sandbox = Sandbox::start("a test", SandboxWork::Parse, {}, [](int) {
            while (true)
                poll(nullptr, 0, -1);
        });
        REQUIRE(sandbox);
        gone = sandbox->pid();
    }
    CHECK(kill(gone, 0) != 0);
}
