#include "util/file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "util/fd.h"

namespace twtrace {

std::optional<std::string> read_file(const std::string& path, std::size_t limit) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
        return std::nullopt;
    std::string text;
    for (std::size_t chunk = 16384; text.size() < limit;) {
        const std::size_t length = text.size();
        text.resize(std::min(length + chunk, limit));
        const ssize_t got = read(file.get(), text.data() + length, text.size() - length);
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

} // namespace twtrace
