#include "attribute/cgroup_tree.h"

#include <cerrno>
#include <cstring>
#include <deque>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/directory.h"

namespace twtrace {
namespace {

constexpr int fileid_kernfs =
    0xfe; // include/linux/exportfs.h; not in the uapi headers of Debian 12
constexpr std::size_t max_path_bytes = 4096;
constexpr std::size_t max_directories = 65536;
constexpr int max_depth = 64;

/// Opens the directory with this id on the mount. O_PATH suffices, because nothing is read: it
/// needs no permission on the directory and does not prevent its removal.
int open_handle(int mount_fd, std::uint64_t id) {
    alignas(file_handle) unsigned char storage[sizeof(file_handle) + sizeof id] = {};
    auto* handle = reinterpret_cast<file_handle*>(storage);
    handle->handle_bytes = sizeof id;
    handle->handle_type = fileid_kernfs;
    std::memcpy(storage + offsetof(file_handle, f_handle), &id, sizeof id);
    return open_by_handle_at(mount_fd, handle, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

std::string path_of_fd(int fd) {
    std::string target(max_path_bytes, '\0');
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t length = readlink(link.c_str(), target.data(), target.size());
    target.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return target;
}

} // namespace

CgroupTree::CgroupTree(std::string mount, std::string root, bool allow_handles)
    : mount_(std::move(mount)), root_(std::move(root)) {
    if (mount_.empty())
        return;
    mount_fd_ = open(mount_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mount_fd_ >= 0)
        // In the kernel's spelling, for the comparison in open_by_id().
        mount_ = path_of_fd(mount_fd_);
    struct statfs fs = {};
    struct stat own = {};
    if (mount_fd_ < 0 || !allow_handles || fstatfs(mount_fd_, &fs) != 0 ||
        fs.f_type != CGROUP2_SUPER_MAGIC || fstat(mount_fd_, &own) != 0)
        return;
    // Try it on an id that surely exists: capabilities, seccomp and the kernel may each prevent it.
    if (const int fd = open_handle(mount_fd_, own.st_ino); fd >= 0) {
        has_handles_ = true;
        close(fd);
    }
}

CgroupTree::~CgroupTree() {
    if (mount_fd_ >= 0)
        close(mount_fd_);
}

std::string CgroupTree::in_hierarchy(std::string below_mount) const {
    std::string path = root_ == "/" ? std::move(below_mount) : root_ + below_mount;
    return path.empty() ? "/" : path;
}

CgroupTree::Answer CgroupTree::open_by_id(std::uint64_t id, std::string& path) const {
    if (!has_handles_)
        return Answer::Unknown;
    const int fd = open_handle(mount_fd_, id);
    if (fd < 0)
        return errno == ESTALE || errno == ENOENT ? Answer::Gone : Answer::Unknown;
    const std::string absolute = path_of_fd(fd);
    close(fd);
    // For a cgroup outside of what is mounted (a cgroup namespace) the handle opens and the link
    // reads "/". Only a path below the mount is accepted.
    if (absolute != mount_ && !absolute.starts_with(mount_ + "/"))
        return Answer::Unknown;
    std::string_view below = std::string_view(absolute).substr(mount_.size());
    constexpr std::string_view deleted = " (deleted)";
    if (below.ends_with(deleted))
        below.remove_suffix(deleted.size());
    path = in_hierarchy(std::string(below));
    return Answer::Found;
}

bool CgroupTree::walk(const std::function<bool(std::uint64_t, const std::string&)>& visit) const {
    struct stat own = {};
    if (mount_fd_ < 0 || fstat(mount_fd_, &own) != 0)
        return false;
    if (!visit(own.st_ino, in_hierarchy("")))
        return true;
    struct Pending {
        std::string below_mount;
        int depth;
    };
    std::deque<Pending> pending{{"", 0}};
    bool complete = true;
    for (std::size_t seen = 0; !pending.empty(); pending.pop_front()) {
        const Pending at = pending.front();
        const Directory dir(opendir((mount_ + at.below_mount).c_str()));
        while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
            const std::string_view name = entry->d_name;
            if (entry->d_type != DT_DIR || name == "." || name == "..")
                continue;
            if (++seen > max_directories || at.depth >= max_depth) {
                complete = false;
                break;
            }
            Pending child{at.below_mount + "/" + entry->d_name, at.depth + 1};
            if (!visit(entry->d_ino, in_hierarchy(child.below_mount)))
                return true;
            pending.push_back(std::move(child));
        }
        if (seen > max_directories)
            return false;
    }
    return complete;
}

} // namespace twtrace
