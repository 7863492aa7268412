#include "runtimes.h"

#include <sys/mount.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "catch2.h"
#include "programs.h"
#include "tracer.h"

namespace live {

namespace {

namespace fs = std::filesystem;

constexpr Milliseconds start_bound(30'000);
constexpr Milliseconds run_bound(60'000);

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

// Pods have loopback only; their address is one that CRI accepts.
constexpr const char* network_plugin = R"(#!/bin/sh
[ "$CNI_COMMAND" != ADD ] || nsenter --net="$CNI_NETNS" ip link set lo up
echo '{"cniVersion":"0.3.1","interfaces":[{"name":"eth0","sandbox":"'"$CNI_NETNS"'"}],'
echo '"ips":[{"version":"4","interface":0,"address":"127.0.0.1/8"}]}'
)";

void write_network_plugins(const RuntimeRoot& root) {
    fs::create_directories(root.below("/cni/bin"));
    for (const char* name : {"/cni/bin/loopback", "/cni/bin/test"}) {
        write_file(root.below(name), network_plugin);
        fs::permissions(root.below(name), fs::perms::owner_all);
    }
    write_file(root.below("/cni/test.conflist"),
               R"({"cniVersion":"0.3.1","name":"test","plugins":[{"type":"test"}]})");
}

std::string containerd_settings(const RuntimeRoot& root) {
    const std::string cri = "plugins.\"io.containerd.grpc.v1.cri\"";
    return "version = 2\nroot = \"" + root.below("/var/lib/containerd") + "\"\nstate = \"" +
           root.below("/run/containerd") + "\"\n[grpc]\n  address = \"" +
           root.below("/run/containerd/containerd.sock") + "\"\n[" + cri +
           "]\n  sandbox_image = \"" + containerd_image +
           "\"\n  disable_apparmor = true\n  restrict_oom_score_adj = true\n[" + cri +
           ".containerd]\n  snapshotter = \"native\"\n[" + cri + ".cni]\n  bin_dir = \"" +
           root.below("/cni/bin") + "\"\n  conf_dir = \"" + root.below("/cni") + "\"\n";
}

bool ended_or(Command& command, const std::function<bool()>& ready) {
    return wait_until([&] { return !command.running() || ready(); }, start_bound) &&
           command.running();
}

} // namespace

std::string busybox() {
    const auto found = program("/bin/busybox");
    return found.empty() ? program("/usr/bin/busybox").back() : found.back();
}

std::string closing_script(std::size_t times) {
    // Not every runtime brings lo up, and some wait for all processes of a container. killall may
    // find that one has just ended.
    return "ip link set lo up 2>/dev/null; httpd -p 127.0.0.1:8000 -h / || exit 1; for i in "
           "$(seq " +
           std::to_string(times) +
           "); do wget -q -O /dev/null http://127.0.0.1:8000/file || exit 1; done; killall httpd; "
           "true";
}

RuntimeRoot::RuntimeRoot() {
    for (const char* part : {"/run", "/var/lib", "/etc", "/files/bin"}) {
        fs::create_directories(below(part));
    }
    fs::copy_file(busybox(), below("/files/bin/busybox"));
    for (const char* applet : {"sh", "httpd", "wget", "nc", "seq", "ip", "killall", "sleep"}) {
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

bool have_docker() {
    return can_trace() && have_runtime({"/usr/bin/containerd", "/usr/sbin/dockerd",
                                        "/usr/bin/docker", "/usr/bin/ctr", "/usr/sbin/runc"});
}

bool have_podman() {
    return can_trace() && have_runtime({"/usr/bin/podman", "/usr/bin/conmon", "/usr/sbin/runc"});
}

bool says_why_not(const std::string& why_not) {
    if (!why_not.empty()) {
        WARN("SKIP: " << why_not);
    }
    return !why_not.empty();
}

std::vector<std::string> runtime_command(const std::string& path,
                                         const std::vector<std::string>& arguments) {
    return Argv{"env", path_variable()} + program(path) + arguments;
}

Docker::Docker(const RuntimeRoot& root) : root_(root), why_not_(start()) {}

std::string Docker::start() {
    write_network_plugins(root_);
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
    const CommandResult import =
        docker({"import", "-c", R"(CMD ["/bin/sleep","3600"])", root_.image(), "busy:local"});
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

std::vector<std::string> Docker::docker_argv(const std::vector<std::string>& arguments) const {
    return runtime_command("/usr/bin/docker",
                           Argv{"-H", "unix://" + root_.below("/docker.sock")} + arguments);
}

std::vector<std::string> Docker::ctr_argv(const std::vector<std::string>& arguments) const {
    return runtime_command("/usr/bin/ctr",
                           Argv{"-a", root_.below("/run/containerd/containerd.sock")} + arguments);
}

std::vector<std::string> Docker::run_argv(const std::vector<std::string>& options,
                                          const std::string& script) const {
    return docker_argv(Argv{"run", "--rm", "--network", "none"} + options +
                       Argv{"busy:local", "/bin/sh", "-c", script});
}

CommandResult Docker::docker(const std::vector<std::string>& arguments) const {
    return run_command(docker_argv(arguments), {}, run_bound);
}

CommandResult Docker::ctr(const std::vector<std::string>& arguments) const {
    return run_command(ctr_argv(arguments), {}, run_bound);
}

CommandResult Docker::run(const std::vector<std::string>& options,
                          const std::string& script) const {
    return run_command(run_argv(options, script), {}, run_bound);
}

void Docker::give_image() const {
    const std::string file = root_.below("/saved.tar");
    REQUIRE(docker({"save", "-o", file, "busy:local"}).exit_status == 0);
    REQUIRE(
        ctr({"-n", "k8s.io", "images", "import", "--snapshotter", "native", file}).exit_status ==
        0);
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

std::vector<std::string> Podman::podman_argv(const std::vector<std::string>& arguments) const {
    const Argv conmon = program("/usr/bin/conmon");
    return runtime_command("/usr/bin/podman",
                           Argv{"--root", root_.below("/var/lib/containers/storage"), "--runroot",
                                root_.below("/run/containers/storage"), "--tmpdir",
                                root_.below("/run/libpod"), "--storage-driver", "vfs",
                                "--cgroup-manager", "cgroupfs", "--events-backend", "file",
                                "--conmon", conmon.empty() ? "" : conmon.back(), "--runtime",
                                program("/usr/sbin/runc").back()} +
                               arguments);
}

std::vector<std::string> Podman::run_argv(const std::vector<std::string>& options,
                                          const std::string& script) const {
    // Some sandboxes do not allow the default limits.
    return podman_argv(Argv{"run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024",
                            "--ulimit", "nproc=1000:1000"} +
                       options + Argv{"busy:local", "/bin/sh", "-c", script});
}

CommandResult Podman::podman(const std::vector<std::string>& arguments) const {
    return run_command(podman_argv(arguments), {}, run_bound);
}

CommandResult Podman::run(const std::vector<std::string>& options,
                          const std::string& script) const {
    return run_command(run_argv(options, script), {}, run_bound);
}

namespace {

template <typename Runtime>
std::unique_ptr<const Started<Runtime>> start(bool have_it) {
    if (!have_it) {
        return nullptr;
    }
    auto started = std::make_unique<const Started<Runtime>>();
    return says_why_not(started->runtime.why_not()) ? nullptr : std::move(started);
}

} // namespace

std::unique_ptr<const Started<Docker>> start_docker() {
    return start<Docker>(have_docker());
}

std::unique_ptr<const Started<Podman>> start_podman() {
    return start<Podman>(have_podman());
}

} // namespace live
