// Standard output (or a file) with its own buffer: nothing is lost silently, and a reader that went
// away is not an error.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace twtrace {

class Output {
  public:
    explicit Output(int fd) : fd_(fd) {}

    /// Where sinks append to; flush() empties it.
    std::string& buffer() { return buffer_; }
    /// Flushes when much has gathered, so that one burst does not grow the buffer without bound.
    Result<void> flush_if_large();
    Result<void> flush();
    /// The reader closed its end of the pipe: time to stop, with success.
    [[nodiscard]] bool reader_gone() const { return reader_gone_; }

  private:
    int fd_;
    std::string buffer_;
    bool reader_gone_ = false;
};

} // namespace twtrace
