#include "attribute/runtime_names/beneath.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/directory.h"

namespace twtrace {

namespace {

Fd open_at(int directory, const std::string& path, std::uint64_t flags, std::uint64_t resolve) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = resolve;
    return Fd(static_cast<int>(
        syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how))); // glibc has no wrapper
}

constexpr std::uint64_t strictly = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

std::string relative(const std::string& path) {
    const std::size_t start = path.find_first_not_of('/');
    return start == std::string::npos ? "." : path.substr(start);
}

std::string own_path(const Fd& file) {
    return "/proc/self/fd/" + std::to_string(file.get());
}

} // namespace

Fd open_directory(const std::string& root, const std::string& path) {
    const Fd top(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!top)
        return Fd();
    return open_at(top.get(), relative(path), O_PATH | O_DIRECTORY,
                   RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

Fd open_directory_beneath(const Fd& directory, const std::string& path) {
    return open_at(directory.get(), relative(path), O_PATH | O_DIRECTORY, strictly);
}

std::optional<std::string> read_beneath(const Fd& directory, const std::string& path,
                                        std::size_t limit_bytes) {
    // O_PATH first: opening a device or a FIFO for reading may have side effects, or block.
    const Fd found = open_at(directory.get(), path, O_PATH, strictly);
    struct stat status {};
    if (!found || fstat(found.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
        static_cast<std::uint64_t>(status.st_size) > limit_bytes)
        return std::nullopt;
    const Fd file(open(own_path(found).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file)
        return std::nullopt;
    // The file may grow meanwhile: reading one byte more than its size detects it.
    std::string text(static_cast<std::size_t>(status.st_size) + 1, '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t got = read(file.get(), text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return std::nullopt;
        if (got == 0)
            break;
        length += static_cast<std::size_t>(got);
    }
    if (length == text.size())
        return std::nullopt;
    text.resize(length);
    return text;
}

void list_beneath(const Fd& directory, const std::string& path, std::size_t max_entries,
                  const std::function<bool(std::string_view)>& visit) {
    Fd found = open_at(directory.get(), relative(path), O_RDONLY | O_DIRECTORY, strictly);
    if (!found)
        return;
    const Directory entries(fdopendir(fcntl(found.get(), F_DUPFD_CLOEXEC, 0)));
    if (!entries)
        return;
    for (std::size_t seen = 0; seen < max_entries; ++seen) {
        const dirent* entry = readdir(entries.get());
        if (entry == nullptr)
            return;
        const std::string_view name = entry->d_name;
        if (name != "." && name != ".." && !visit(name))
            return;
    }
}

} // namespace twtrace
