// Standard output (or a file) with its own buffer. Every write error is reported; a reader that
// closed the pipe is not an error.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace twtrace {

class Output {
  public:
    explicit Output(int fd);

    /// The buffer that sinks append to; flush() empties it.
    std::string& buffer() { return buffer_; }
    /// Flushes if the buffer is large, so that a burst does not grow it without bound.
    Result<void> flush_if_large();
    /// Waits for a slow reader. A reader that reads nothing for a second while a stop signal is
    /// pending (`| less` at the top of its first page) counts as gone.
    Result<void> flush();
    /// The reader closed its end of the pipe, or stopped reading: the program should end with
    /// success.
    [[nodiscard]] bool reader_gone() const { return reader_gone_; }

  private:
    ssize_t write_some(std::string_view text);
    bool wait_writable();

    int fd_;
    bool may_block_ = false; ///< a pipe or a socket: the kernel may keep write() waiting
    bool has_nowait_ = true; ///< pwritev2() accepts RWF_NOWAIT for this file
    std::string buffer_;
    bool reader_gone_ = false;
};

} // namespace twtrace
