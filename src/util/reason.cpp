#include "util/reason.h"

#include <cerrno>
#include <cstring>

namespace twtrace {

namespace {

const char* advice(int error) {
    switch (error) {
    case EMFILE:
        return "raise the limit of open files (ulimit -n, LimitNOFILE=)";
    case ENFILE:
        return "raise the host's limit of open files (sysctl fs.file-max)";
    case ENOMEM:
        return "free memory or raise the limit on it (MemoryMax=)";
    case EAGAIN:
        return "raise the limit on processes (ulimit -u, TasksMax=) or on memory";
    case ENOSPC:
    case EDQUOT:
        return "free space or write elsewhere";
    case EROFS:
    case EACCES:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
        return "choose another file";
    case EIO:
        return "dmesg may tell why";
    default:
        return "try again with -v";
    }
}

} // namespace

std::string reason(int error) {
    return std::string(std::strerror(error)) + "; " + advice(error);
}

} // namespace twtrace
