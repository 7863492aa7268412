#include "exporter/textfile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/file.h"
#include "util/text.h"

namespace twtrace {

namespace {

// Some file systems report only at fsync() that they are full.
bool is_stored(const Fd& file) {
    return fsync(file.get()) == 0 || errno == EINVAL || errno == EROFS;
}

} // namespace

Result<void> write_textfile(const std::string& path, std::string_view text) {
    // node_exporter reads *.prom only, so it ignores this file. A leftover of a crash is replaced.
    const std::string temporary = path + ".tmp";
    const auto failed = [&](const char* step) {
        const int error = errno;
        unlink(temporary.c_str());
        return fail(fmt::format("cannot {} {}: {}; the file is unchanged", step, printable(path),
                                std::strerror(error)));
    };
    unlink(temporary.c_str()); // a link is removed, not followed
    const Fd file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file)
        return failed("create");
    // Independent of the umask, because node_exporter runs as another user.
    if (fchmod(file.get(), 0644) != 0 || !write_all(file, text) || !is_stored(file))
        return failed("write");
    if (rename(temporary.c_str(), path.c_str()) != 0)
        return failed("replace");
    return {};
}

} // namespace twtrace
