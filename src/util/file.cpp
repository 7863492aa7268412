#include "util/file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace twtrace {

std::optional<std::string> read_again(const Fd& file, std::size_t limit) {
    constexpr std::size_t chunk = 16384;
    std::string text;
    while (text.size() < limit) {
        const std::size_t length = text.size();
        text.resize(std::min(length + chunk, limit));
        const ssize_t got = pread(file.get(), text.data() + length, text.size() - length,
                                  static_cast<off_t>(length));
        text.resize(length + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return std::nullopt;
        if (got == 0)
            break;
    }
    return text;
}

std::optional<std::string> read_file(const std::string& path, std::size_t limit) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return file ? read_again(file, limit) : std::nullopt;
}

bool write_all(const Fd& file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace twtrace
