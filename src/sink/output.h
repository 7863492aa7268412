// Standard output (or a file) with its own buffer: nothing is lost silently, and a reader that went
// away is not an error.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace twtrace {

class Output {
  public:
    explicit Output(int fd);

    /// Where sinks append to; flush() empties it.
    std::string& buffer() { return buffer_; }
    /// Flushes when much has gathered, so that one burst does not grow the buffer without bound.
    Result<void> flush_if_large();
    /// Waits for a slow reader, but one that takes nothing for a second while a signal asks for the
    /// end (`| less` at the top of its first page) counts as gone.
    Result<void> flush();
    /// The reader closed its end of the pipe, or takes nothing any more: time to stop, with
    /// success.
    [[nodiscard]] bool reader_gone() const { return reader_gone_; }

  private:
    ssize_t write_some(std::string_view text);
    bool wait_writable();

    int fd_;
    bool may_block_ = false; ///< a pipe or a socket: the kernel may keep write() waiting
    bool has_nowait_ = true; ///< pwritev2() takes RWF_NOWAIT for this file
    std::string buffer_;
    bool reader_gone_ = false;
};

} // namespace twtrace
