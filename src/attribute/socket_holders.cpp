#include "attribute/socket_holders.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <unordered_set>

#include <unistd.h>

#include "attribute/proc_text.h"
#include "util/directory.h"

namespace twtrace {

namespace {

using Inodes = std::unordered_set<std::uint32_t>;

std::uint32_t number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

// "socket:[12345]"
std::uint32_t socket_inode(int directory, const char* name) {
    constexpr std::string_view prefix = "socket:[";
    std::array<char, 32> target{};
    const ssize_t length = readlinkat(directory, name, target.data(), target.size());
    const std::string_view text(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    if (!text.starts_with(prefix) || !text.ends_with(']'))
        return 0;
    return number(text.substr(prefix.size(), text.size() - prefix.size() - 1));
}

Task task_of(std::uint32_t pid, const std::string& process) {
    constexpr std::size_t limit_bytes = 4096;
    Task task;
    const auto stat = read_text(process + "/stat", limit_bytes);
    const auto ticks = stat ? parse_start_ticks(*stat) : std::nullopt;
    auto comm = read_text(process + "/comm", limit_bytes);
    if (!ticks || !comm)
        return task; // ended
    if (comm->ends_with('\n'))
        comm->pop_back();
    task.pid = pid;
    task.start_boottime_ns = start_boottime_ns_of(*ticks);
    std::copy_n(comm->begin(), std::min(comm->size(), task.comm_bytes.size() - 1),
                task.comm_bytes.begin());
    return task;
}

bool is_better(const Task& candidate, const Task& present) {
    if ((candidate.pid == 1) != (present.pid == 1))
        return present.pid == 1;
    return candidate.start_boottime_ns < present.start_boottime_ns;
}

class Search {
  public:
    explicit Search(const std::vector<std::uint32_t>& inodes)
        : wanted_(inodes.begin(), inodes.end()) {}

    void search(std::uint32_t pid, const std::string& process) {
        const Directory descriptors(opendir((process + "/fd").c_str()));
        if (!descriptors) {
            result_.complete = result_.complete && errno != EACCES && errno != EPERM;
            return;
        }
        Task task; // read when first needed: few processes hold one
        while (const dirent* entry = readdir(descriptors.get())) {
            if (left_ == 0) {
                result_.complete = false;
                return;
            }
            --left_;
            const std::uint32_t inode = socket_inode(dirfd(descriptors.get()), entry->d_name);
            if (inode == 0 || !wanted_.contains(inode))
                continue;
            if (!task.known())
                task = task_of(pid, process);
            if (task.known())
                offer(inode, task);
        }
    }
    HolderSearch take() { return std::move(result_); }

  private:
    void offer(std::uint32_t inode, const Task& task) {
        const auto [at, is_new] = result_.holders.try_emplace(inode, task);
        if (!is_new && is_better(task, at->second))
            at->second = task;
    }

    Inodes wanted_;
    HolderSearch result_;
    std::size_t left_ = max_descriptors;
};

} // namespace

HolderSearch find_socket_holders(const std::vector<std::uint32_t>& inodes,
                                 const std::string& proc) {
    Search search(inodes);
    const Directory processes(opendir(proc.c_str()));
    if (!inodes.empty() && processes) {
        while (const dirent* entry = readdir(processes.get()))
            if (const std::uint32_t pid = number(entry->d_name); pid != 0)
                search.search(pid, proc + "/" + entry->d_name);
    }
    return search.take();
}

} // namespace twtrace
