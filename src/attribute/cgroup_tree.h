// The cgroup2 file system: from a cgroup's id to its directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace twtrace {

/// One cgroup2 mount. The id that bpf_get_current_cgroup_id() gives is the inode number of the
/// cgroup's directory (since Linux 5.5, commit 67c0496e87d1 "kernfs: convert kernfs_node->id from
/// union kernfs_node_id to u64") and, as a file handle of type FILEID_KERNFS, opens that directory
/// at once (commit 33c5ac9175195 "kernfs: implement custom exportfs ops and fid type").
class CgroupTree {
  public:
    /// `mount` is the directory, `root` the cgroup that is mounted on it ("/" unless in a
    /// container). An empty or unreadable mount gives an empty tree. `allow_handles` false: only
    /// walk the tree.
    CgroupTree(std::string mount, std::string root, bool allow_handles);
    ~CgroupTree();
    CgroupTree(const CgroupTree&) = delete;
    CgroupTree& operator=(const CgroupTree&) = delete;

    bool is_open() const { return mount_fd_ >= 0; }

    /// File handles work here: they need CAP_DAC_READ_SEARCH, and a real cgroup2 below the mount.
    bool has_handles() const { return has_handles_; }

    enum class Answer {
        Found,
        Gone,   ///< removed; the kernel does not reuse an id, so this is final
        Unknown ///< the lookup failed, or it lies outside of what is mounted here
    };

    /// Takes two system calls and no walk. `path` is set only for Found. It starts with "/", the
    /// root of the hierarchy (or of twtrace's cgroup namespace).
    Answer open_by_id(std::uint64_t id, std::string& path) const;

    /// Calls `visit(id, path)` for every cgroup, outer ones first, until it returns false. At most
    /// 65,536 directories and 64 levels: false if there was more, or the mount could not be read.
    bool walk(const std::function<bool(std::uint64_t, const std::string&)>& visit) const;

  private:
    std::string in_hierarchy(std::string below_mount) const;

    std::string mount_;
    std::string root_;
    int mount_fd_ = -1;
    bool has_handles_ = false;
};

} // namespace twtrace
