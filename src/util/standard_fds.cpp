#include "util/standard_fds.h"

#include <fcntl.h>
#include <unistd.h>

namespace twtrace {

void fill_standard_fds() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) < 0) // then open() returns this number, the lowest free one
            open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

} // namespace twtrace
