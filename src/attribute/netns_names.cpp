#include "attribute/netns_names.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "util/directory.h"

namespace twtrace {
namespace {

constexpr std::size_t max_names = 4096;
constexpr std::size_t max_name_bytes = 64;

/// The inode of a namespace file. Other files have an inode number too, and `ip netns` leaves such
/// files behind when it is interrupted, so the type of the file system is checked.
std::optional<std::uint64_t> namespace_inode(const std::string& path) {
    struct statfs fs = {};
    struct stat file = {};
    if (statfs(path.c_str(), &fs) != 0 || fs.f_type != NSFS_MAGIC || stat(path.c_str(), &file) != 0)
        return std::nullopt;
    return file.st_ino;
}

bool is_printable(std::string_view name) {
    return name.size() <= max_name_bytes &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

} // namespace

NetnsNames::NetnsNames(NetnsNamesOptions options) : options_(std::move(options)) {
    if (!options_.now)
        options_.now = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    host_inode_ = namespace_inode(options_.proc_root + "/1/ns/net");
    reread();
}

std::optional<std::string> NetnsNames::name_of(std::uint64_t inode) {
    const bool known = names_.contains(inode);
    if (options_.now() - read_at_ >= (known ? options_.refresh : options_.unknown_refresh))
        reread();
    const auto at = names_.find(inode);
    return at == names_.end() ? std::nullopt : std::optional(at->second);
}

std::string NetnsNames::table_name(std::uint64_t inode) {
    if (auto name = name_of(inode))
        return *name;
    return inode == host_inode_ ? "host" : std::to_string(inode);
}

void NetnsNames::reread() {
    read_at_ = options_.now();
    names_.clear();
    for (const std::string& directory : options_.directories)
        read_directory(directory);
}

void NetnsNames::read_directory(const std::string& directory) {
    const Directory dir(opendir(directory.c_str()));
    while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        if (name.starts_with('.') || !is_printable(name) || names_.size() >= max_names)
            continue;
        const auto inode = namespace_inode(directory + "/" + entry->d_name);
        if (!inode)
            continue;
        // One namespace may have several names: the first in alphabetical order is stable.
        const auto [at, added] = names_.emplace(*inode, name);
        if (!added && name < at->second)
            at->second = name;
    }
}

} // namespace twtrace
