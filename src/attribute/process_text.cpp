#include "attribute/process_text.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "attribute/proc_text.h"
#include "twtrace/wire.h"
#include "util/text.h"

namespace twtrace {

namespace {

// A pid may be reused by a process with another name.
constexpr std::uint64_t name_max_age_ns = 1'000'000'000;
constexpr std::size_t max_stat_bytes = 4096;

} // namespace

std::string read_cmdline(std::uint32_t pid, std::uint64_t start_boottime_ns,
                         const std::string& proc_root) {
    if (pid == 0)
        return {};
    const std::string directory = proc_root + "/" + std::to_string(pid);
    auto text = read_text(directory + "/cmdline", max_cmdline_bytes + 1);
    if (!text)
        return {};
    // The start time is read last. If it matches now, the pid belonged to the same process before.
    const auto stat = read_text(directory + "/stat", max_stat_bytes);
    const auto start_ticks = stat ? parse_start_ticks(*stat) : std::nullopt;
    if (!start_ticks || *start_ticks != start_ticks_of(start_boottime_ns))
        return {};
    if (text->size() > max_cmdline_bytes)
        text->replace(max_cmdline_bytes - 3, std::string::npos, "...");
    while (!text->empty() && text->back() == '\0')
        text->pop_back();
    std::replace(text->begin(), text->end(), '\0', ' ');
    return printable(*text);
}

// The kernel cuts names at 15 bytes; the full name of a program or script is among the first
// arguments.
std::string ParentNames::whole_name(const std::string& comm, std::uint32_t pid) const {
    const auto text =
        read_text(proc_root_ + "/" + std::to_string(pid) + "/cmdline", max_cmdline_bytes);
    std::string_view rest = text ? *text : std::string_view();
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find('\0'));
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        const std::string_view file = word.substr(word.rfind('/') + 1); // npos + 1 is 0
        if (file.starts_with(comm))
            return printable(file);
    }
    return comm;
}

const std::string& ParentNames::name_of(std::uint32_t pid, std::uint64_t now_ns) {
    static const std::string no_name;
    if (pid == 0)
        return no_name;
    Known* known = names_.find(pid);
    if (known != nullptr && now_ns < known->until_ns)
        return known->name;
    auto comm = read_text(proc_root_ + "/" + std::to_string(pid) + "/comm", TWTRACE_COMM_LEN);
    if (comm && comm->ends_with('\n'))
        comm->pop_back();
    if (comm && comm->size() == TWTRACE_COMM_LEN - 1)
        comm = whole_name(*comm, pid);
    // The parent is gone: its cached name still applies to children seen a moment later.
    std::string name = comm ? *std::move(comm) : known != nullptr ? known->name : std::string();
    return names_.put(pid, {std::move(name), now_ns + name_max_age_ns}).name;
}

} // namespace twtrace
