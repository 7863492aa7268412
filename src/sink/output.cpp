#include "sink/output.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include <fmt/format.h>
#include <poll.h>

namespace twtrace {

namespace {

constexpr std::size_t large_bytes = std::size_t{256} * 1024;

// A non-blocking pipe (as some parents hand down) is waited for.
void wait_writable(int fd) {
    pollfd waiting{fd, POLLOUT, 0};
    poll(&waiting, 1, -1);
}

} // namespace

Result<void> Output::flush_if_large() {
    return buffer_.size() < large_bytes ? Result<void>{} : flush();
}

Result<void> Output::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty() && !reader_gone_) {
        const ssize_t written = write(fd_, rest.data(), rest.size());
        if (written >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EPIPE) {
            reader_gone_ = true;
        } else if (errno == EAGAIN) {
            wait_writable(fd_);
        } else if (errno != EINTR) {
            const int error = errno;
            buffer_.clear();
            return fail(fmt::format("cannot write the output: {}; make room or write elsewhere",
                                    std::strerror(error)));
        }
    }
    buffer_.clear();
    return {};
}

} // namespace twtrace
