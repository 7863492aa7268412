#include "sink/output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "util/stop_signals.h"

namespace twtrace {

namespace {

constexpr std::size_t large_bytes = std::size_t{256} * 1024;
constexpr int stalled_ms = 1000;

} // namespace

Output::Output(int fd) : fd_(fd) {
    struct stat status {};
    may_block_ = fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

Result<void> Output::flush_if_large() {
    return buffer_.size() < large_bytes ? Result<void>{} : flush();
}

// Stop signals are blocked (the event loop receives them), so they cannot interrupt a write() that
// waits for the reader. Pipes accept RWF_NOWAIT from Linux 6.4 on; before, PIPE_BUF bytes always
// fit when poll() reports POLLOUT (pipe(7)).
ssize_t Output::write_some(std::string_view text) {
    if (!may_block_)
        return write(fd_, text.data(), text.size());
    if (has_nowait_) {
        const iovec part{const_cast<char*>(text.data()), text.size()};
        const ssize_t written = pwritev2(fd_, &part, 1, -1, RWF_NOWAIT);
        has_nowait_ = written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL);
        if (has_nowait_)
            return written;
    }
    if (!wait_writable())
        return 0;
    return write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

// False: the reader does not read, and a stop signal is pending.
bool Output::wait_writable() {
    pollfd waiting{fd_, POLLOUT, 0};
    while (!reader_gone_ && poll(&waiting, 1, stalled_ms) == 0)
        reader_gone_ = stop_is_pending();
    return !reader_gone_;
}

Result<void> Output::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty() && !reader_gone_) {
        const ssize_t written = write_some(rest);
        if (written >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EPIPE) {
            reader_gone_ = true;
        } else if (errno == EAGAIN) {
            wait_writable();
        } else if (errno != EINTR) {
            const int error = errno;
            buffer_.clear();
            return fail(fmt::format("cannot write the output: {}; free space or write elsewhere",
                                    std::strerror(error)));
        }
    }
    buffer_.clear();
    return {};
}

} // namespace twtrace
