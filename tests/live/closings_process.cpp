#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>

#include "closings.h"
#include "errors.h"
#include "forked.h"

namespace live {

namespace {

/// A child that has inherited the connection; `act` runs there, after the parent has closed its
/// copy of the active end.
class Heir {
  public:
    Heir(Connection& c, const std::function<void(End&)>& act) {
        std::array<int, 2> go{};
        std::array<int, 2> ready{};
        check_call(pipe2(go.data(), O_CLOEXEC), "pipe2");
        check_call(pipe2(ready.data(), O_CLOEXEC), "pipe2");
        Fd go_in(go[0]);
        Fd go_out(go[1]);
        const Fd ready_in(ready[0]);
        Fd ready_out(ready[1]);
        task_ = current_task();
        pid_ = check_call(fork(), "fork");
        if (pid_ == 0) {
            go_out.reset();
            run_child(c, act, go_in.get(), ready_out.get());
        }
        task_.pid = task_.tid = pid_;
        ready_out.reset();
        c.active.close();
        go_out.reset();
        // EOF means that the child has died early; it sends "r" when the parent has closed its
        // copy.
        check(read_all(ready_in.get()) == "r", "a closing child died early");
    }
    ~Heir() {
        if (pid_ > 0) {
            kill_and_reap(pid_, SIGKILL);
        }
    }
    Heir(const Heir&) = delete;
    Heir& operator=(const Heir&) = delete;

    Task task() const { return task_; }
    void kill_it() { kill_and_reap(std::exchange(pid_, -1), SIGKILL); }
    void await_exit() { reap(std::exchange(pid_, -1)); }

  private:
    [[noreturn]] static void run_child(Connection& c, const std::function<void(End&)>& act, int go,
                                       int ready) {
        die_with_parent();
        c.passive.close();
        char byte = 0;
        (void)!read(go, &byte, 1);
        write_all(ready, "r");
        ::close(ready);
        try {
            act(c.active);
        } catch (...) {
            _exit(1);
        }
        // Without destructors: the kernel closes an open descriptor in the dying process.
        _exit(0);
    }

    pid_t pid_ = -1;
    Task task_;
};

Closers by(const Task& active) {
    Closers closers;
    closers.active = active;
    return closers;
}

/// A child closes the active end; then the peer acknowledges, and closes.
Closers close_in_child(Connection& c, const std::function<void(End&)>& act,
                       const std::function<void(Task&)>& know) {
    Heir heir(c, act);
    heir.await_exit();
    peer_acknowledges_orphan(c);
    c.passive.close();
    Task task = heir.task();
    know(task);
    return by(task);
}

void nothing_to_know(Task&) {}

constexpr unsigned nobody = 65534;
constexpr const char* hostile_name = "a\"b\\c\n\t{\x01\x1b[1m";

// Sends one byte of payload and the descriptor.
void send_fd(int channel, int fd) {
    char byte = 'f';
    iovec io{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &io;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    check_call(sendmsg(channel, &message, 0), "sendmsg");
}

int receive_fd(int channel) {
    char byte = 0;
    iovec io{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &io;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    check_call(recvmsg(channel, &message, MSG_CMSG_CLOEXEC), "recvmsg");
    const cmsghdr* passed = CMSG_FIRSTHDR(&message);
    check(passed != nullptr, "a file descriptor expected");
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(passed), sizeof fd);
    return fd;
}

} // namespace

Closers exit_with_open_socket(Connection& c) {
    return close_in_child(
        c, [](End&) {}, nothing_to_know);
}

Closers killed_with_open_socket(Connection& c) {
    Heir heir(c, [](End&) {
        for (;;) {
            pause();
        }
    });
    heir.kill_it();
    peer_acknowledges_orphan(c);
    c.passive.close();
    return by(heir.task());
}

Closers close_as_other_user(Connection& c) {
    return close_in_child(
        c,
        [](End& end) {
            check_call(setresuid(nobody, nobody, nobody), "setresuid");
            end.close();
        },
        [](Task& task) { task.uid = nobody; });
}

Closers close_with_hostile_name(Connection& c) {
    return close_in_child(
        c,
        [](End& end) {
            prctl(PR_SET_NAME, hostile_name);
            end.close();
        },
        [](Task& task) { task.comm = hostile_name; });
}

Closers close_of_inherited_fd(Connection& c) {
    return close_in_child(
        c, [](End& end) { end.close(); }, nothing_to_know);
}

Closers close_by_thread(Connection& c) {
    Task task;
    std::thread([&] {
        prctl(PR_SET_NAME, "tw-thread");
        task = current_task();
        c.active.close();
    }).join();
    peer_acknowledges_orphan(c);
    c.passive.close();
    return by(task);
}

// The process that opened the socket has ended when the receiver closes it.
Closers close_of_passed_fd(Connection& c) {
    std::array<int, 2> ends{};
    check_call(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    const Fd ours(ends[0]);
    const Fd theirs(ends[1]);
    Task task = current_task();
    const pid_t pid = check_call(fork(), "fork");
    if (pid == 0) {
        die_with_parent();
        // The copies from fork() are not the passed descriptor, and are closed before the parent's.
        c.active.close();
        c.passive.close();
        Fd passed(receive_fd(theirs.get()));
        char go = 0;
        (void)!read(theirs.get(), &go, 1);
        passed.reset();
        _exit(0);
    }
    task.pid = task.tid = pid;
    send_fd(ours.get(), c.active.fd.get());
    c.active.close();
    write_all(ours.get(), "g");
    reap(pid);
    peer_acknowledges_orphan(c);
    c.passive.close();
    return by(task);
}

Closers passive_end_exits(Connection& c) {
    c.active.close();
    peer_acknowledges_orphan(c);
    Closers closers;
    const pid_t pid = check_call(fork(), "fork");
    if (pid == 0) {
        die_with_parent();
        for (;;) {
            pause();
        }
    }
    c.passive.close();
    closers.passive.pid = closers.passive.tid = pid;
    kill_and_reap(pid, SIGKILL);
    return closers;
}

} // namespace live
