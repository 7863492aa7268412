#include "app/document.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "util/reason.h"
#include "util/text.h"

namespace twtrace {

Result<Document> Document::open(const Options& options) {
    Document document;
    document.standard_ = options.child.empty() ? STDOUT_FILENO : STDERR_FILENO;
    if (options.output_file.empty())
        return document;
    document.file_ =
        Fd(::open(options.output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!document.file_)
        return fail(fmt::format("--output-file: cannot write {}: {}",
                                printable(options.output_file), reason(errno)));
    return document;
}

} // namespace twtrace
