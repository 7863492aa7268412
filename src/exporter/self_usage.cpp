#include "exporter/self_usage.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include "util/file.h"

namespace twtrace {

namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Field 22 of /proc/self/stat, in clock ticks since boot. The name in field 2 may contain any byte,
// but no later field contains a parenthesis.
std::optional<double> started_s() {
    const auto stat = read_file("/proc/self/stat");
    const std::size_t name_end = stat ? stat->rfind(')') : std::string::npos;
    timespec wall{};
    timespec boot{};
    if (name_end == std::string::npos || clock_gettime(CLOCK_REALTIME, &wall) != 0 ||
        clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
        return std::nullopt;
    std::istringstream fields(stat->substr(name_end + 1));
    std::string field;
    for (int number = 3; number <= 22; ++number)
        if (!(fields >> field))
            return std::nullopt;
    const double since_boot = std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
    return static_cast<double>(wall.tv_sec - boot.tv_sec) + since_boot;
}

struct Resident {
    std::uint64_t bytes = 0;
    std::uint64_t of_files = 0; ///< mapped from files, or shared memory
};

std::optional<Resident> resident(const std::string& process) {
    const auto statm = read_file("/proc/" + process + "/statm");
    std::uint64_t size = 0;
    std::uint64_t pages = 0;
    std::uint64_t shared = 0;
    if (!statm || !(std::istringstream(*statm) >> size >> pages >> shared))
        return std::nullopt;
    const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return Resident{pages * page_bytes, shared * page_bytes};
}

// Other processes' clocks are readable without privileges.
double cpu_of(pid_t process) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0;
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

std::optional<std::uint64_t> open_fds() {
    std::error_code error;
    std::uint64_t count = 0;
    for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
         !error && entry != end; entry.increment(error))
        ++count;
    return error ? std::nullopt : std::optional(count);
}

void add_child(pid_t child, SelfUsage& usage) {
    if (usage.cpu_s)
        *usage.cpu_s += cpu_of(child);
    const auto memory = resident(std::to_string(child));
    if (usage.resident_bytes && memory)
        *usage.resident_bytes += memory->bytes - std::min(memory->bytes, memory->of_files);
}

} // namespace

SelfUsage self_usage(const std::vector<pid_t>& children) {
    static const std::optional<double> start_s = started_s();
    SelfUsage usage;
    usage.start_s = start_s;
    rusage times{};
    if (getrusage(RUSAGE_SELF, &times) == 0)
        usage.cpu_s = seconds(times.ru_utime) + seconds(times.ru_stime);
    if (const auto own = resident("self"))
        usage.resident_bytes = own->bytes;
    for (const pid_t child : children)
        add_child(child, usage);
    usage.open_fds = open_fds();
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        usage.max_fds = limit.rlim_cur;
    return usage;
}

} // namespace twtrace
