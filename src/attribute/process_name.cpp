#include "attribute/process_name.h"

#include <array>

#include <unistd.h>

#include "attribute/proc_text.h"
#include "util/hash.h"

namespace twtrace {

namespace {

constexpr std::size_t max_comm = TWTRACE_COMM_LEN - 1;
constexpr std::size_t max_stat_bytes = 4096;

std::string_view last_part(std::string_view path) {
    return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

std::string executable_of(const std::string& process_directory) {
    std::array<char, 4096> path{};
    const ssize_t length = readlink((process_directory + "/exe").c_str(), path.data(), path.size());
    std::string_view text(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    constexpr std::string_view deleted = " (deleted)";
    if (text.ends_with(deleted))
        text.remove_suffix(deleted.size());
    return std::string(text);
}

bool is_uninformative(std::string_view leader) {
    return leader == "MainThread" || leader.size() == max_comm;
}

} // namespace

std::string pick_process_name(std::string_view leader, std::string_view executable) {
    const std::string_view file = last_part(executable);
    if (leader == "MainThread" && !file.empty())
        return std::string(file);
    // A name that the process set itself, or that of a script, is not a prefix of the file's name.
    if (leader.size() == max_comm && file.starts_with(leader))
        return std::string(file);
    return std::string(without_thread_number(leader));
}

std::string_view without_thread_number(std::string_view comm) {
    for (const std::string_view prefix : {"iou-wrk", "iou-sqp", "kworker", "ksoftirqd"})
        if (comm.size() > prefix.size() && comm.starts_with(prefix) &&
            (comm[prefix.size()] == '-' || comm[prefix.size()] == '/'))
            return prefix;
    return comm;
}

std::size_t ProcessNames::KeyHash::operator()(const Key& key) const {
    return mix(key.pid, key.start_boottime_ns);
}

std::string ProcessNames::read(const Task& task) const {
    if (task.pid == 0)
        return {};
    const std::string directory = proc_root_ + "/" + std::to_string(task.pid);
    auto leader = read_text(directory + "/comm", TWTRACE_COMM_LEN);
    if (!leader)
        return {};
    if (leader->ends_with('\n'))
        leader->pop_back();
    const std::string executable =
        is_uninformative(*leader) ? executable_of(directory) : std::string();
    // The start time is read last. If it matches now, the pid belonged to the same process before.
    const auto stat = read_text(directory + "/stat", max_stat_bytes);
    const auto start_ticks = stat ? parse_start_ticks(*stat) : std::nullopt;
    if (!start_ticks || *start_ticks != start_ticks_of(task.start_boottime_ns))
        return {};
    return pick_process_name(*leader, executable);
}

std::string ProcessNames::name_of(const Task& task) {
    const bool is_leader = task.tid == task.pid || task.tid == 0;
    if (is_leader && !is_uninformative(task.comm()))
        return std::string(without_thread_number(task.comm()));
    const Key key{task.pid, task.start_boottime_ns};
    if (std::string name = read(task); !name.empty())
        return names_.put(key, std::move(name));
    if (const std::string* known = names_.find(key))
        return *known;
    return std::string(without_thread_number(task.comm()));
}

} // namespace twtrace
