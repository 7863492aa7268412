#include "cgroups.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "command.h"
#include "errors.h"
#include "wait_until.h"

namespace live {

namespace {

namespace fs = std::filesystem;

/// The mount point: the fifth field of a line of mountinfo.
std::string mount_point(const std::string& line) {
    std::size_t begin = 0;
    for (int field = 0; field < 4; ++field) {
        begin = line.find(' ', begin) + 1;
    }
    return line.substr(begin, line.find(' ', begin) - begin);
}

std::string mount_of(const std::string& type, const std::string& options) {
    for (const std::string& line : lines_of(read_file("/proc/self/mountinfo"))) {
        if (line.find(" - " + type + " ") == std::string::npos || !line.ends_with(options)) {
            continue;
        }
        return mount_point(line);
    }
    return {};
}

const std::string& v2_mount() {
    static const std::string mount = mount_of("cgroup2", "");
    return mount;
}

/// A v1 mount whose cgroups need no settings before a process may enter.
const std::string& v1_mount() {
    static const std::string mount = mount_of("cgroup", ",pids");
    return mount;
}

void remove_tree(const std::string& top) {
    std::vector<std::string> directories{top};
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(top, ignored)) {
        if (entry.is_directory()) {
            directories.push_back(entry.path());
        }
    }
    for (auto at = directories.rbegin(); at != directories.rend(); ++at) {
        wait_until([&] { return rmdir(at->c_str()) == 0 || errno != EBUSY; }, Milliseconds(2000));
    }
}

} // namespace

TestCgroups::TestCgroups() : root_("/twtrace-test-" + std::to_string(getpid())) {}

TestCgroups::~TestCgroups() {
    // A database takes time to terminate; remaining processes would keep the directories.
    if (std::ofstream kill(v2_mount() + root_ + "/cgroup.kill"); kill) {
        kill << "1";
    }
    // Like a container runtime, removes them in every hierarchy.
    for (const std::string& line : lines_of(read_file("/proc/self/mountinfo"))) {
        if (line.find(" - cgroup") != std::string::npos) {
            remove_tree(mount_point(line) + root_);
        }
    }
}

bool TestCgroups::can_make() {
    return !v2_mount().empty() && access(v2_mount().c_str(), W_OK) == 0;
}

std::string TestCgroups::make(const std::string& path) {
    fs::create_directories(v2_mount() + root_ + path);
    return root_ + path;
}

std::string TestCgroups::make_v1(const std::string& path) {
    if (v1_mount().empty()) {
        return {};
    }
    fs::create_directories(v1_mount() + root_ + path);
    return root_ + path;
}

void TestCgroups::remove(const std::string& full_path) {
    await("no process in " + full_path,
          [&] { return rmdir((v2_mount() + full_path).c_str()) == 0 || errno != EBUSY; });
}

void TestCgroups::enter(const std::string& full_path) {
    write_file(v2_mount() + full_path + "/cgroup.procs", std::to_string(getpid()));
}

std::vector<std::string> TestCgroups::starting_in(const std::string& full_path) {
    return {"sh", "-c", R"(echo $$ >"$1/cgroup.procs" && shift && exec "$@")", "sh",
            v2_mount() + full_path};
}

void TestCgroups::enter_v1(const std::string& full_path) {
    write_file(v1_mount() + full_path + "/cgroup.procs", std::to_string(getpid()));
}

std::vector<std::string> in_own_mounts(const std::string& script) {
    return {"unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"};
}

std::vector<std::string> without_cgroups(const std::string& type) {
    return in_own_mounts("umount -a -t " + type + "; grep -q ' - " + type +
                         R"( ' /proc/self/mountinfo || exec "$@")");
}

} // namespace live
