#include "account/namespaces.h"

#include <array>
#include <charconv>
#include <dirent.h>
#include <memory>
#include <string_view>
#include <unistd.h>

namespace twtrace {

namespace {

bool is_pid(std::string_view name) {
    return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};

} // namespace

std::uint32_t namespace_of(const std::string& process_directory) {
    std::array<char, 64> text{}; // net:[4026531840]
    const ssize_t length =
        readlink((process_directory + "/ns/net").c_str(), text.data(), text.size());
    if (length <= 5)
        return 0;
    std::uint32_t inode = 0;
    std::from_chars(text.data() + 5, text.data() + length, inode);
    return inode;
}

std::map<std::uint32_t, std::string> find_namespaces(const std::string& proc) {
    std::map<std::uint32_t, std::string> found;
    const std::unique_ptr<DIR, CloseDirectory> directory(opendir(proc.c_str()));
    if (!directory)
        return found;
    while (const dirent* entry = readdir(directory.get())) {
        if (!is_pid(entry->d_name))
            continue;
        const std::string process = proc + "/" + entry->d_name;
        if (const std::uint32_t inode = namespace_of(process); inode != 0)
            found.try_emplace(inode, process + "/net");
    }
    return found;
}

} // namespace twtrace
