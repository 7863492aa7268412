#include "top/restore.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <unistd.h>

namespace twtrace {

namespace {

constexpr std::array numbers{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGTRAP, SIGSYS};

// Data for the signal handler: plain memory, set before the handlers are installed.
struct Saved {
    int fd = -1;
    std::array<char, 256> leave{};
    std::size_t leave_bytes = 0;
    termios modes{};
    std::array<struct sigaction, numbers.size()> actions{};
    volatile std::sig_atomic_t armed = 0;
};
Saved saved;

// A separate stack, because after a stack overflow the handler could not run on the normal one.
alignas(16) std::array<char, 65536> stack;

// Calls only functions listed in signal-safety(7).
extern "C" void restore_and_die(int number) {
    if (saved.armed != 0) {
        saved.armed = 0;
        [[maybe_unused]] const ssize_t written =
            write(saved.fd, saved.leave.data(), saved.leave_bytes);
        tcsetattr(saved.fd, TCSANOW, &saved.modes);
    }
    for (std::size_t at = 0; at < numbers.size(); ++at)
        if (numbers[at] == number)
            sigaction(number, &saved.actions[at], nullptr);
    raise(number); // delivered when this handler returns
}

} // namespace

void restore_on_crash(int fd, const std::string& leave, const termios& modes) {
    saved.fd = fd;
    saved.leave_bytes = std::min(leave.size(), saved.leave.size());
    std::copy_n(leave.data(), saved.leave_bytes, saved.leave.begin());
    saved.modes = modes;
    stack_t alternate{};
    alternate.ss_sp = stack.data();
    alternate.ss_size = stack.size();
    sigaltstack(&alternate, nullptr);
    saved.armed = 1;
    struct sigaction action {};
    action.sa_handler = restore_and_die;
    action.sa_flags = SA_ONSTACK;
    for (std::size_t at = 0; at < numbers.size(); ++at)
        sigaction(numbers[at], &action, &saved.actions[at]);
}

void forget_restore() {
    if (saved.armed == 0)
        return;
    saved.armed = 0;
    for (std::size_t at = 0; at < numbers.size(); ++at)
        sigaction(numbers[at], &saved.actions[at], nullptr);
}

} // namespace twtrace
