// The destination of a command's output: standard output, or the file or standard error that `--
// COMMAND` and --output-file select.
#pragma once

#include "cli/options.h"
#include "util/fd.h"
#include "util/result.h"

namespace twtrace {

class Document {
  public:
    /// To be called before tracing begins, so that a file that can't be written is reported at
    /// once.
    static Result<Document> open(const Options& options);
    [[nodiscard]] int fd() const { return file_ ? file_.get() : standard_; }

  private:
    Fd file_;
    int standard_ = -1;
};

} // namespace twtrace
