#include "kernel_counters.h"

#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "errors.h"

namespace live {

namespace {

using Counters = std::map<std::string, std::uint64_t>;

std::ifstream open_for_reading(const std::string& file) {
    std::ifstream in(file);
    check(in.good(), "cannot read " + file);
    return in;
}

// netstat: a line of names and a line of values, both starting with the group's name.
Counters tcp_ext(pid_t pid) {
    std::ifstream in = open_for_reading("/proc/" + std::to_string(pid) + "/net/netstat");
    std::string names_line;
    std::string values_line;
    while (std::getline(in, names_line) && std::getline(in, values_line)) {
        std::istringstream names(names_line);
        std::istringstream values(values_line);
        std::string name;
        std::string group;
        names >> name;
        values >> group;
        if (group != "TcpExt:") {
            continue;
        }
        Counters counters;
        std::uint64_t value = 0;
        while (names >> name && values >> value) {
            counters[name] = value;
        }
        return counters;
    }
    throw std::runtime_error("no TcpExt in netstat");
}

// "TCP: inuse 3 orphan 0 tw 5 alloc 3 mem 0"
std::uint64_t present_time_wait(pid_t pid) {
    std::ifstream in = open_for_reading("/proc/" + std::to_string(pid) + "/net/sockstat");
    std::string word;
    while (in >> word) {
        if (word == "tw") {
            std::uint64_t value = 0;
            in >> value;
            return value;
        }
    }
    throw std::runtime_error("no tw in sockstat");
}

} // namespace

KernelCounters read_counters(pid_t pid) {
    const Counters ext = tcp_ext(pid);
    KernelCounters counters;
    counters.tw = ext.at("TW");
    counters.tw_killed = ext.at("TWKilled");
    counters.tw_recycled = ext.at("TWRecycled");
    counters.tw_overflow = ext.at("TCPTimeWaitOverflow");
    counters.present = present_time_wait(pid);
    return counters;
}

KernelCounters operator-(const KernelCounters& later, const KernelCounters& earlier) {
    KernelCounters rise = later;
    rise.tw -= earlier.tw;
    rise.tw_killed -= earlier.tw_killed;
    rise.tw_recycled -= earlier.tw_recycled;
    rise.tw_overflow -= earlier.tw_overflow;
    rise.present -= earlier.present;
    return rise;
}

std::string to_string(const KernelCounters& counters) {
    return "TW " + std::to_string(counters.tw) + ", TWKilled " +
           std::to_string(counters.tw_killed) + ", TWRecycled " +
           std::to_string(counters.tw_recycled) + ", TCPTimeWaitOverflow " +
           std::to_string(counters.tw_overflow) + ", present " +
           std::to_string(static_cast<std::int64_t>(counters.present));
}

} // namespace live
