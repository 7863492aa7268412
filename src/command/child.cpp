#include "command/child.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/reason.h"
#include "util/text.h"

namespace twtrace {

namespace {

constexpr int status_not_executable = 126;
constexpr int status_not_found = 127;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

// The groups first: they can't be changed after the uid has changed.
bool become(const Identity& identity) {
    return setgroups(identity.groups.size(), identity.groups.data()) == 0 &&
           setresgid(identity.gid, identity.gid, identity.gid) == 0 &&
           setresuid(identity.uid, identity.uid, identity.uid) == 0;
}

// Reports a failure to the parent. exec() closes the pipe, which signals success.
struct Failure {
    int error = 0;
    bool at_exec = false;
};

[[noreturn]] void run(char* const* argv, char* const* environment, const InvokingUser& user,
                      const Inheritance& inheritance, const Fd& failure_writer) {
    Failure failure;
    if (!user.identity || become(*user.identity)) {
        inheritance.restore();
        execvpe(argv[0], argv, environment);
        failure.at_exec = true;
    }
    failure.error = errno;
    [[maybe_unused]] const ssize_t written = write(failure_writer.get(), &failure, sizeof(failure));
    _exit(status_not_found);
}

tl::unexpected<Error> explain(const Failure& failure, const std::string& name) {
    if (!failure.at_exec)
        return fail(fmt::format("cannot become the user who called sudo: {}; the command was not "
                                "run",
                                std::strerror(failure.error)));
    const bool missing = failure.error == ENOENT || failure.error == ENOTDIR;
    return fail(fmt::format("cannot run '{}': {}", printable(name), std::strerror(failure.error)),
                static_cast<ExitCode>(missing ? status_not_found : status_not_executable));
}

std::optional<rlimit> limit_of(int resource) {
    rlimit limit{};
    return getrlimit(resource, &limit) == 0 ? std::optional(limit) : std::nullopt;
}

void set_limit(int resource, const std::optional<rlimit>& limit) {
    if (limit)
        setrlimit(resource, &*limit);
}

} // namespace

Inheritance::Inheritance() : files_(limit_of(RLIMIT_NOFILE)), locked_(limit_of(RLIMIT_MEMLOCK)) {
    sigprocmask(SIG_BLOCK, nullptr, &mask_);
    sigaction(SIGPIPE, nullptr, &pipe_);
    sigaction(SIGQUIT, nullptr, &quit_);
}

void Inheritance::restore_mask() const {
    sigprocmask(SIG_SETMASK, &mask_, nullptr);
}

void Inheritance::restore() const {
    sigaction(SIGPIPE, &pipe_, nullptr);
    sigaction(SIGQUIT, &quit_, nullptr);
    set_limit(RLIMIT_NOFILE, files_);
    set_limit(RLIMIT_MEMLOCK, locked_); // libbpf raises it before Linux 5.11
    restore_mask();
}

Result<Child> Child::start(const std::vector<std::string>& argv, const InvokingUser& user,
                           const Inheritance& inheritance) {
    std::vector<std::string> words = argv;
    std::vector<std::string> variables = user.environment;
    const std::vector<char*> arguments = pointers_to(words);
    const std::vector<char*> environment = pointers_to(variables);
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(fmt::format("cannot start the command: pipe: {}", reason(errno)));
    const Fd failure_reader(ends[0]);
    Fd failure_writer(ends[1]);
    Child child;
    child.pid_ = fork();
    if (child.pid_ < 0)
        return fail(fmt::format("cannot start the command: fork: {}", reason(errno)));
    if (child.pid_ == 0)
        run(arguments.data(), environment.data(), user, inheritance, failure_writer);
    failure_writer = Fd();
    child.pidfd_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, child.pid_, 0)));
    const int pidfd_error = errno;
    Failure failure;
    if (read(failure_reader.get(), &failure, sizeof(failure)) == sizeof(failure)) {
        child.wait();
        return explain(failure, argv.front());
    }
    if (!child.pidfd_) {
        child.send(SIGKILL);
        child.wait();
        return fail(fmt::format("cannot watch the command: pidfd_open: {}", reason(pidfd_error)));
    }
    return child;
}

void Child::send(int signal) const {
    kill(pid_, signal);
}

int Child::wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace twtrace
