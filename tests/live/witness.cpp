#include "witness.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include "command.h"
#include "errors.h"

namespace live {

namespace {

const std::string tracefs = "/sys/kernel/tracing";

bool tracefs_is_there() {
    return access((tracefs + "/instances").c_str(), W_OK) == 0 ||
           (mount("tracefs", tracefs.c_str(), "tracefs", 0, nullptr) == 0 &&
            access((tracefs + "/instances").c_str(), W_OK) == 0);
}

/// Root can always read it, except for a process that the host hides.
bool is_hidden(int pid) {
    std::array<char, 256> target{};
    const std::string link = "/proc/" + std::to_string(pid) + "/exe";
    return readlink(link.c_str(), target.data(), target.size()) < 0 && errno == EACCES;
}

/// tracefs is used only if a process is hidden: enabling an event patches the scheduler's code,
/// which can cause a panic in QEMU (docs/kernels.md).
bool something_is_hidden() {
    namespace fs = std::filesystem;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (std::isdigit(static_cast<unsigned char>(name.front())) != 0 &&
            is_hidden(std::atoi(name.c_str()))) {
            return true;
        }
    }
    return false;
}

const std::string instance_prefix = tracefs + "/instances/twtrace-live-";

/// The instance of a killed run would continue to record every close of this machine.
void remove_left_behind() {
    for (const auto& entry : std::filesystem::directory_iterator(tracefs + "/instances")) {
        const std::string path = entry.path();
        if (path.rfind(instance_prefix, 0) == 0 &&
            access(("/proc/" + path.substr(instance_prefix.size())).c_str(), F_OK) != 0) {
            rmdir(path.c_str());
        }
    }
}

std::string field(const std::string& line, const std::string& name) {
    const std::size_t at = line.find(" " + name + "=");
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t begin = at + name.size() + 2;
    return line.substr(begin, line.find(' ', begin) - begin);
}

/// "  comm-with-dashes-75      [001] ..s1.  4983.452208: inet_sock_set_state: ..."
std::optional<int> current_pid(const std::string& line) {
    const std::size_t cpu = line.find(" [");
    if (cpu == std::string::npos) {
        return std::nullopt;
    }
    const std::string task = line.substr(0, line.find_last_not_of(' ', cpu) + 1);
    const std::size_t dash = task.rfind('-');
    return dash == std::string::npos ? std::nullopt
                                     : std::optional<int>(std::atoi(task.c_str() + dash + 1));
}

std::string key_of(const std::string& line) {
    const bool v6 = field(line, "saddrv6") == "::1";
    return (v6 ? "6 " : "4 ") + field(line, "sport") + " " + field(line, "dport");
}

std::string key_of(const Expected& event) {
    return std::to_string(event.family) + " " + std::to_string(event.local.port) + " " +
           std::to_string(event.remote.port);
}

bool ends_with_its_socket(const Expected& event) {
    return event.outcome.type == "time_wait" || event.outcome.type == "aborted";
}

} // namespace

Witness::Witness() {
    const std::string instance = instance_prefix + std::to_string(getpid());
    static const bool needed = something_is_hidden();
    if (!needed || !tracefs_is_there()) {
        return;
    }
    remove_left_behind();
    if (mkdir(instance.c_str(), 0700) != 0) {
        return;
    }
    instance_ = instance;
    const std::string event = instance_ + "/events/sock/inet_sock_set_state";
    write_file(instance_ + "/buffer_size_kb", "16384"); // for the 140,000 ends in test_storm.cpp
    write_file(event + "/filter", "newstate == 7");
    write_file(event + "/enable", "1");
}

Witness::~Witness() {
    if (!instance_.empty()) {
        rmdir(instance_.c_str());
    }
}

std::vector<std::string> Witness::hidden_ends() const {
    std::vector<std::string> ends;
    if (instance_.empty()) {
        return ends;
    }
    std::map<int, bool> hidden_by_pid;
    for (const std::string& line : lines_of(read_file(instance_ + "/trace"))) {
        const std::optional<int> pid = current_pid(line);
        if (!pid || line.find("inet_sock_set_state") == std::string::npos) {
            continue;
        }
        const auto [known, is_new] = hidden_by_pid.try_emplace(*pid, false);
        if (is_new) {
            known->second = is_hidden(*pid);
        }
        if (known->second) {
            ends.push_back(line);
        }
    }
    return ends;
}

std::uint64_t Witness::take_hidden(std::vector<Expected>& expected) const {
    std::uint64_t time_waits = 0;
    for (const std::string& line : hidden_ends()) {
        const auto event = std::find_if(expected.begin(), expected.end(), [&](const Expected& e) {
            return ends_with_its_socket(e) && key_of(e) == key_of(line);
        });
        if (event != expected.end()) {
            time_waits += event->outcome.type == "time_wait" ? 1 : 0;
            expected.erase(event);
        }
    }
    return time_waits;
}

std::uint64_t Witness::hidden_entries() const {
    const auto ends = hidden_ends();
    return static_cast<std::uint64_t>(
        std::count_if(ends.begin(), ends.end(), [](const std::string& line) {
            const std::string from = field(line, "oldstate");
            return from == "TCP_FIN_WAIT2" || from == "TCP_CLOSING";
        }));
}

} // namespace live
