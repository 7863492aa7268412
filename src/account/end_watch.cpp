#include "account/end_watch.h"

#include <array>
#include <charconv>
#include <string_view>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/descriptors.h"

namespace twtrace {

namespace {

bool watch(const Fd& epoll, const Fd& fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd.get();
    return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) == 0;
}

// The pid in /proc/PID/ns/net; 0: it is another file.
pid_t process_of(std::string_view path) {
    constexpr std::string_view proc = "/proc/";
    pid_t pid = 0;
    if (path.starts_with(proc))
        std::from_chars(path.data() + proc.size(), path.data() + path.size(), pid);
    return pid;
}

} // namespace

EndWatch::EndWatch()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      mounts_(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)) {
    if (epoll_ && mounts_)
        watch(epoll_, mounts_, EPOLLPRI);
}

void EndWatch::follow(const NamespaceFile& file) {
    forget(file.inode);
    const pid_t pid = process_of(file.path);
    if (pid <= 0)
        return;
    Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (process && !is_reserved_descriptor(process.get()) && watch(epoll_, process, EPOLLIN))
        processes_[file.inode] = std::move(process);
}

bool EndWatch::any_ended() {
    std::array<epoll_event, 16> events{};
    bool ended = false;
    while (true) {
        const int ready = epoll_wait(epoll_.get(), events.data(), events.size(), 0);
        for (int index = 0; index < ready; ++index) {
            const int fd = events[static_cast<std::size_t>(index)].data.fd;
            // The pidfd of an ended process stays readable.
            std::erase_if(processes_, [&](const auto& one) { return one.second.get() == fd; });
            ended = true;
        }
        if (ready < static_cast<int>(events.size()))
            return ended;
    }
}

} // namespace twtrace
