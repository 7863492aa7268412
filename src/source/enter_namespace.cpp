#include "source/enter_namespace.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>

#include "privilege/capabilities.h"
#include "util/fd.h"
#include "util/thread.h"

namespace twtrace {

namespace {

constexpr const char* own_namespace = "/proc/thread-self/ns/net";

tl::unexpected<Error> failed(const NamespaceFile& file, const char* why) {
    return fail(
        fmt::format("cannot enter network namespace {} by {}: {}", file.inode, file.path, why));
}

// Returns errno, or 0.
int enter(int fd) {
    const RaisedCapability admin(CAP_SYS_ADMIN);
    return setns(fd, CLONE_NEWNET) == 0 ? 0 : errno;
}

Result<Entered> enter_and_work(int fd, const NamespaceFile& file,
                               const std::function<void()>& work) {
    if (const int error = enter(fd); error != 0)
        return error == EPERM ? Result<Entered>(Entered::Forbidden)
                              : failed(file, std::strerror(error));
    work();
    return Entered::Yes;
}

Result<Entered> in_thread(int fd, const NamespaceFile& file, const std::function<void()>& work) {
    Result<Entered> entered = Entered::Gone;
    auto thread = start_thread([&] { entered = enter_and_work(fd, file, work); });
    if (!thread)
        return failed(file, thread.error().message.c_str());
    thread->join();
    return entered;
}

} // namespace

std::uint32_t current_namespace() {
    struct stat status {};
    return stat(own_namespace, &status) == 0 ? static_cast<std::uint32_t>(status.st_ino) : 0;
}

Result<Entered> in_namespace(const NamespaceFile& file, const std::function<void()>& work) {
    if (file.inode == current_namespace()) {
        work();
        return Entered::Yes;
    }
    const Fd fd(open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == EACCES)
        return Entered::Forbidden;
    struct stat status {};
    // The process may have ended or moved since the file was found, and its pid may have been
    // reused.
    if (!fd || fstat(fd.get(), &status) != 0 || status.st_ino != file.inode)
        return Entered::Gone;
    return in_thread(fd.get(), file, work);
}

bool may_enter_namespaces() {
    const Fd fd(open(own_namespace, O_RDONLY | O_CLOEXEC));
    bool may = false;
    auto thread = start_thread([&] { may = fd && enter(fd.get()) == 0; });
    if (thread)
        thread->join();
    return may;
}

} // namespace twtrace
