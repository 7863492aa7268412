#include "privilege/sandbox.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "privilege/capabilities.h"
#include "privilege/sanitized.h"
#include "privilege/system_calls.h"
#include "util/reason.h"

namespace twtrace {

namespace {

constexpr unsigned nobody = 65534;
constexpr int start_timeout_ms = 10'000;
constexpr int end_timeout_ms = 1000;

// What the child has dropped; it reports this to its parent before it reads anything.
struct State {
    std::uint32_t uid = 0;
    bool changed_user = false;
    bool no_capabilities = false;
    bool closed = false;
    bool limited = false;
};

// The groups first: they can't be changed after the uid has changed.
bool become_nobody() {
    return setgroups(0, nullptr) == 0 && setresgid(nobody, nobody, nobody) == 0 &&
           setresuid(nobody, nobody, nobody) == 0;
}

// Standard input, output and error become /dev/null: no other descriptor can get their numbers.
bool close_all_but(std::vector<int> kept) {
    const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (!null || dup2(null.get(), standard) < 0)
            return false;
    unsigned next = STDERR_FILENO + 1;
    std::sort(kept.begin(), kept.end());
    for (const int fd : kept) {
        const auto keep = static_cast<unsigned>(fd);
        if (keep > next && syscall(SYS_close_range, next, keep - 1, 0) != 0)
            return false;
        next = keep + 1;
    }
    return syscall(SYS_close_range, next, ~0U, 0) == 0;
}

// The parent decides when the child ends, also for signals of a terminal to all its processes.
void ignore_signals() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE})
        std::signal(number, SIG_IGN);
}

// To be called after the change of the user, which resets the signal.
void end_with(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(0);
}

State drop_privileges(pid_t parent, SandboxWork kind, const std::vector<int>& kept) {
    State state;
    drop_bounding_set(); // takes a capability that ends with the change of the user
    state.changed_user = become_nobody();
    state.uid = geteuid();
    end_with(parent);
    state.no_capabilities = keep_capabilities({}).has_value();
    // A sanitizer writes to standard error, and makes system calls of its own.
    if (sanitized)
        return state;
    state.closed = close_all_but(kept);
    state.limited = limit_sandbox(kind).has_value();
    return state;
}

[[noreturn]] void run(pid_t parent, SandboxWork kind, std::vector<int> kept, int channel,
                      const std::function<void(int channel)>& work) {
    ignore_signals();
    kept.push_back(channel);
    const State state = drop_privileges(parent, kind, kept);
    if (send(channel, &state, sizeof(state), MSG_NOSIGNAL) == sizeof(state))
        work(channel);
    _exit(0);
}

void report(const std::string& purpose, pid_t pid, const State& state) {
    spdlog::info("{} in process {}: user {}{}, capabilities: {}, system calls: {}{}", purpose, pid,
                 state.uid, state.changed_user ? "" : " (may not change it)",
                 state.no_capabilities ? "none" : "those of twtrace",
                 state.limited ? "few" : "not limited",
                 state.closed ? "" : ", inherited descriptors stay open");
}

bool is_readable_within(int fd, int wait_ms) {
    pollfd waiting{fd, POLLIN, 0};
    return poll(&waiting, 1, wait_ms) > 0;
}

} // namespace

Result<Sandbox> Sandbox::start(const std::string& purpose, SandboxWork kind,
                               const std::vector<int>& kept,
                               const std::function<void(int channel)>& work) {
    const auto failed = [&](const char* what) {
        return fail(
            fmt::format("cannot start the process for {}: {}: {}", purpose, what, reason(errno)));
    };
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return failed("socketpair");
    Sandbox sandbox;
    sandbox.channel_ = Fd(ends[0]);
    Fd other_end(ends[1]);
    const pid_t parent = getpid();
    sandbox.pid_ = fork();
    if (sandbox.pid_ < 0)
        return failed("fork");
    if (sandbox.pid_ == 0)
        run(parent, kind, kept, other_end.get(), work);
    other_end = Fd(); // so that the end of the process ends the wait below
    sandbox.pidfd_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, sandbox.pid_, 0)));
    if (!sandbox.pidfd_)
        return failed("pidfd_open");
    State state;
    if (!is_readable_within(sandbox.channel_.get(), start_timeout_ms) ||
        recv(sandbox.channel_.get(), &state, sizeof(state), MSG_DONTWAIT) != sizeof(state))
        return fail(fmt::format("cannot start the process for {}: it ended or does not answer; "
                                "try again, with -v",
                                purpose));
    report(purpose, sandbox.pid_, state);
    return sandbox;
}

Sandbox::Sandbox(Sandbox&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)),
      channel_(std::move(other.channel_)) {}

Sandbox::~Sandbox() {
    channel_ = Fd();
    if (pid_ <= 0)
        return;
    if (!pidfd_ || !is_readable_within(pidfd_.get(), end_timeout_ms))
        kill();
    // Without CAP_KILL a child of another user can't be killed: do not wait for it then.
    if (!pidfd_ || is_readable_within(pidfd_.get(), end_timeout_ms))
        waitpid(pid_, nullptr, 0);
}

void Sandbox::kill() const {
    if (!pidfd_)
        ::kill(pid_, SIGKILL);
    else // also after another thread has waited for it, when its pid may be another process's
        syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

std::string Sandbox::fate() {
    if (!is_readable_within(pidfd_.get(), end_timeout_ms))
        return "does not answer";
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? fmt::format("was ended by signal {}", WTERMSIG(status))
                               : fmt::format("ended with status {}", WEXITSTATUS(status));
}

} // namespace twtrace
