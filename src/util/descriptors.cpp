#include "util/descriptors.h"

#include <cerrno>

#include <sys/resource.h>

namespace twtrace {

void allow_many_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

bool is_reserved_descriptor(int fd) {
    constexpr rlim_t reserved = 16;
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && fd >= 0 &&
           static_cast<rlim_t>(fd) + reserved >= limit.rlim_cur;
}

bool means_no_descriptor(int error) {
    return error == EMFILE || error == ENFILE;
}

} // namespace twtrace
