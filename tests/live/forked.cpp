#include "forked.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <utility>

#include "errors.h"

namespace live {

namespace {

// The first byte marks the text as a result or an error.
[[noreturn]] void run_child(const std::function<std::string()>& fn, int out) {
    die_with_parent();
    std::string answer;
    try {
        answer = "=" + fn();
    } catch (const std::exception& error) {
        answer = std::string("!") + error.what();
    }
    write_all(out, answer);
    _exit(0);
}

} // namespace

void die_with_parent() {
    // The parent may have ended between fork() and here.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() == 1) {
        _exit(1);
    }
}

std::string read_all(int fd) {
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t n = read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (check_call(n, "read") == 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(n));
    }
}

void write_all(int fd, const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = write(fd, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        done += static_cast<std::size_t>(check_call(n, "write"));
    }
}

int reap(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        check(errno == EINTR, "waitpid");
    }
    return status;
}

int kill_and_reap(pid_t pid, int signal) {
    kill(pid, signal);
    return reap(pid);
}

Forked::Forked(const std::function<std::string()>& fn) {
    std::array<int, 2> pipe_fds{};
    check_call(pipe2(pipe_fds.data(), O_CLOEXEC), "pipe2");
    result_.reset(pipe_fds[0]);
    Fd out(pipe_fds[1]);
    pid_ = check_call(fork(), "fork");
    if (pid_ == 0) {
        result_.reset();
        run_child(fn, out.get());
    }
}

Forked::Forked(Forked&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), result_(std::move(other.result_)) {}

Forked::~Forked() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
}

std::string Forked::collect() {
    std::string answer = read_all(result_.get());
    reap(std::exchange(pid_, -1));
    check(!answer.empty(), "a forked child of the test died without an answer");
    check(answer[0] == '=', answer.substr(1));
    return answer.substr(1);
}

} // namespace live
