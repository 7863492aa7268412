#include "account/namespaces.h"

#include <array>
#include <charconv>
#include <string_view>
#include <unistd.h>

#include "attribute/proc_text.h"
#include "util/directory.h"

namespace twtrace {

namespace {

bool is_pid(std::string_view name) {
    return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

constexpr std::string_view name_prefix = "net:["; // net:[4026531840]

std::uint32_t inode_in(std::string_view name) {
    std::uint32_t inode = 0;
    if (name.starts_with(name_prefix))
        std::from_chars(name.data() + name_prefix.size(), name.data() + name.size(), inode);
    return inode;
}

std::string_view cut(std::string_view& rest, char separator) {
    const auto end = rest.find(separator);
    const std::string_view head = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return head;
}

} // namespace

std::uint32_t namespace_of(const std::string& process_directory) {
    std::array<char, 64> text{};
    const ssize_t length =
        readlink((process_directory + "/ns/net").c_str(), text.data(), text.size());
    return length > 0 ? inode_in({text.data(), static_cast<std::size_t>(length)}) : 0;
}

std::map<std::uint32_t, std::string> parse_namespace_mounts(std::string_view mountinfo) {
    std::map<std::uint32_t, std::string> found;
    while (!mountinfo.empty()) {
        std::string_view line = cut(mountinfo, '\n');
        for (int id_parent_and_device = 0; id_parent_and_device < 3; ++id_parent_and_device)
            cut(line, ' ');
        const std::uint32_t inode = inode_in(cut(line, ' '));
        const std::string_view mount_point = cut(line, ' ');
        if (inode != 0 && mount_point.starts_with('/'))
            found.try_emplace(inode, decode_octal(mount_point));
    }
    return found;
}

std::map<std::uint32_t, std::string> find_namespaces(const std::string& proc) {
    std::map<std::uint32_t, std::string> found;
    const Directory directory(opendir(proc.c_str()));
    if (!directory)
        return found;
    while (const dirent* entry = readdir(directory.get())) {
        if (!is_pid(entry->d_name))
            continue;
        const std::string process = proc + "/" + entry->d_name;
        if (const std::uint32_t inode = namespace_of(process); inode != 0)
            found.try_emplace(inode, process);
    }
    return found;
}

std::map<std::uint32_t, std::string> find_namespace_files(const std::string& proc) {
    std::map<std::uint32_t, std::string> found;
    // Processes first: reading through one takes CAP_SYS_PTRACE, entering a mount CAP_SYS_ADMIN.
    for (const auto& [inode, directory] : find_namespaces(proc))
        found.try_emplace(inode, directory + "/ns/net");
    constexpr std::size_t limit_bytes = std::size_t{16} << 20U;
    if (const auto mounts = read_text(proc + "/self/mountinfo", limit_bytes))
        found.merge(parse_namespace_mounts(*mounts));
    return found;
}

} // namespace twtrace
