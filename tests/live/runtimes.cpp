#include "runtimes.h"

#include <sys/mount.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "catch2.h"
#include "programs.h"

namespace live {

namespace {

namespace fs = std::filesystem;

constexpr Milliseconds start_bound(30'000);
constexpr Milliseconds run_bound(60'000);

std::string busybox() {
    const auto found = program("/bin/busybox");
    return found.empty() ? program("/usr/bin/busybox").back() : found.back();
}

std::string path_variable() {
    const char* unpacked = std::getenv("TWTRACE_SERVICES");
    std::string path = "PATH=";
    if (unpacked != nullptr) {
        for (const char* part : {"/usr/bin", "/usr/sbin", "/usr/libexec/podman"}) {
            path += std::string(unpacked) + part + ":";
        }
    }
    return path + "/usr/sbin:/usr/bin:/sbin:/bin";
}

std::string last_line(const std::string& text) {
    const auto lines = lines_of(text);
    return lines.empty() ? std::string("it said nothing") : lines.back();
}

// Unmounts all mounts below a directory, the innermost first.
void unmount_below(const std::string& top) {
    std::vector<std::string> points;
    for (const std::string& line : lines_of(read_file("/proc/self/mountinfo"))) {
        std::size_t at = 0;
        for (int field = 0; field < 4 && at != std::string::npos; ++field) {
            at = line.find(' ', at + 1);
        }
        const std::string point = line.substr(at + 1, line.find(' ', at + 1) - at - 1);
        if (point.starts_with(top + "/")) {
            points.push_back(point);
        }
    }
    for (auto point = points.rbegin(); point != points.rend(); ++point) {
        umount2(point->c_str(), MNT_DETACH);
    }
}

std::string containerd_settings(const RuntimeRoot& root) {
    return "version = 2\nroot = \"" + root.below("/var/lib/containerd") + "\"\nstate = \"" +
           root.below("/run/containerd") +
           "\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\n  address = \"" +
           root.below("/run/containerd/containerd.sock") + "\"\n";
}

bool ended_or(Command& command, const std::function<bool()>& ready) {
    return wait_until([&] { return !command.running() || ready(); }, start_bound) &&
           command.running();
}

} // namespace

std::string closing_script(std::size_t times) {
    // Not every runtime brings lo up, and some wait for all processes of a container.
    return "ip link set lo up 2>/dev/null; httpd -p 127.0.0.1:8000 -h / && for i in $(seq " +
           std::to_string(times) +
           "); do wget -q -O /dev/null http://127.0.0.1:8000/file || exit 1; done; killall httpd";
}

RuntimeRoot::RuntimeRoot() {
    for (const char* part : {"/run", "/var/lib", "/etc", "/files/bin"}) {
        fs::create_directories(below(part));
    }
    fs::copy_file(busybox(), below("/files/bin/busybox"));
    for (const char* applet : {"sh", "httpd", "wget", "seq", "ip", "killall"}) {
        fs::create_symlink("busybox", below("/files/bin/") + applet);
    }
    write_file(below("/files/file"), "x");
    run_command({"tar", "-C", below("/files"), "-cf", image(), "."});
}

RuntimeRoot::~RuntimeRoot() {
    unmount_below(path());
}

void RuntimeRoot::copy_files(const std::string& to) const {
    fs::create_directories(to);
    fs::copy(below("/files"), to, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    for (const char* part : {"/proc", "/sys", "/dev", "/tmp", "/usr", "/etc", "/run", "/var"}) {
        fs::create_directories(to + part);
    }
    write_file(to + "/etc/os-release", "");
}

bool have_runtime(const std::vector<std::string>& programs) {
    if (program("/bin/busybox").empty() && program("/usr/bin/busybox").empty()) {
        return have_programs({"/usr/bin/busybox"});
    }
    return have_programs(programs);
}

std::vector<std::string> runtime_command(const std::string& path,
                                         const std::vector<std::string>& arguments) {
    return Argv{"env", path_variable()} + program(path) + arguments;
}

Docker::Docker(const RuntimeRoot& root) : root_(root), why_not_(start()) {}

std::string Docker::start() {
    write_file(root_.below("/containerd.toml"), containerd_settings(root_));
    containerd_ = std::make_unique<Command>(
        runtime_command("/usr/bin/containerd", {"--config", root_.below("/containerd.toml")}));
    const std::string socket = root_.below("/run/containerd/containerd.sock");
    if (!ended_or(*containerd_, [&] { return fs::exists(socket); })) {
        return "containerd: " + last_line(containerd_->err());
    }
    dockerd_ = std::make_unique<Command>(runtime_command(
        "/usr/sbin/dockerd",
        {"--data-root", root_.below("/var/lib/docker"), "--exec-root", root_.below("/run/docker"),
         "--pidfile", root_.below("/run/docker.pid"), "-H", "unix://" + root_.below("/docker.sock"),
         "--containerd", socket, "--iptables=false", "--ip6tables=false", "--bridge=none",
         "--storage-driver", "vfs"}));
    if (!ended_or(*dockerd_, [&] { return docker({"info"}).exit_status == 0; })) {
        return "dockerd: " + last_line(dockerd_->err());
    }
    const CommandResult import = docker({"import", root_.image(), "busy:local"});
    return import.exit_status == 0 ? std::string() : "docker import: " + import.err;
}

Docker::~Docker() {
    for (Command* daemon : {dockerd_.get(), containerd_.get()}) {
        if (daemon != nullptr && daemon->running()) {
            daemon->signal(SIGTERM);
            wait_until([&] { return !daemon->running(); }, start_bound);
        }
    }
}

CommandResult Docker::docker(const std::vector<std::string>& arguments) const {
    return run_command(
        runtime_command("/usr/bin/docker",
                        Argv{"-H", "unix://" + root_.below("/docker.sock")} + arguments),
        {}, run_bound);
}

CommandResult Docker::ctr(const std::vector<std::string>& arguments) const {
    return run_command(
        runtime_command("/usr/bin/ctr",
                        Argv{"-a", root_.below("/run/containerd/containerd.sock")} + arguments),
        {}, run_bound);
}

CommandResult Docker::run(const std::vector<std::string>& options,
                          const std::string& script) const {
    return docker(Argv{"run", "--rm", "--network", "none"} + options +
                  Argv{"busy:local", "/bin/sh", "-c", script});
}

Podman::Podman(const RuntimeRoot& root) : root_(root) {
    // The package's file may be unpacked elsewhere.
    write_file(root_.below("/policy.json"), R"({"default":[{"type":"insecureAcceptAnything"}]})");
    const CommandResult import = podman(
        {"import", "--signature-policy", root_.below("/policy.json"), root_.image(), "busy:local"});
    if (import.exit_status != 0) {
        why_not_ = "podman import: " + last_line(import.err);
    }
}

CommandResult Podman::podman(const std::vector<std::string>& arguments) const {
    const Argv conmon = program("/usr/bin/conmon");
    return run_command(
        runtime_command("/usr/bin/podman",
                        Argv{"--root", root_.below("/var/lib/containers/storage"), "--runroot",
                             root_.below("/run/containers/storage"), "--tmpdir",
                             root_.below("/run/libpod"), "--storage-driver", "vfs",
                             "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--conmon",
                             conmon.empty() ? "" : conmon.back(), "--runtime",
                             program("/usr/sbin/runc").back()} +
                            arguments),
        {}, run_bound);
}

CommandResult Podman::run(const std::vector<std::string>& options,
                          const std::string& script) const {
    // Some sandboxes do not allow the default limits.
    return podman(Argv{"run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024",
                       "--ulimit", "nproc=1000:1000"} +
                  options + Argv{"busy:local", "/bin/sh", "-c", script});
}

} // namespace live
