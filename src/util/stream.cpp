#include "util/stream.h"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

namespace twtrace {

namespace {

// False: not within this time.
bool wait_for(int fd, short events, int seconds) {
    pollfd waiting{fd, events, 0};
    if (seconds == forever)
        return poll(&waiting, 1, -1) >= 0 || errno == EINTR;
    for (int second = 0; second < seconds; ++second)
        if (const int ready = poll(&waiting, 1, 1000); ready > 0 || (ready < 0 && errno == EINTR))
            return true;
    return false;
}

bool may_continue(ssize_t moved, int fd, short events, int seconds) {
    return moved > 0 ||
           (moved < 0 && (errno == EINTR || (errno == EAGAIN && wait_for(fd, events, seconds))));
}

} // namespace

bool send_all(int fd, std::string_view bytes, int seconds) {
    while (!bytes.empty()) {
        const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (!may_continue(sent, fd, POLLOUT, seconds))
            return false;
        bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
    return true;
}

bool receive_all(int fd, void* to, std::size_t length, int seconds) {
    auto* next = static_cast<char*>(to);
    while (length > 0) {
        const ssize_t got = recv(fd, next, length, MSG_DONTWAIT);
        if (!may_continue(got, fd, POLLIN, seconds))
            return false;
        const std::size_t bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
        next += bytes;
        length -= bytes;
    }
    return true;
}

} // namespace twtrace
