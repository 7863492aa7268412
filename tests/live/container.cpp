#include "container.h"

#include <filesystem>

#include "programs.h"

namespace live {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

json bind(const std::string& path, const char* access) {
    return {
        {"destination", path}, {"type", "bind"}, {"source", path}, {"options", {"rbind", access}}};
}

json mounts_of(const ContainerOptions& options) {
    json mounts = json::array();
    mounts.push_back({{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}});
    mounts.push_back({{"destination", "/dev"}, {"type", "tmpfs"}, {"source", "tmpfs"}});
    for (const char* path : {"/usr", "/etc", "/sys", "/bin", "/sbin", "/lib", "/lib64"}) {
        if (fs::exists(path)) {
            mounts.push_back(bind(path, "ro"));
        }
    }
    for (const std::string& path : options.directories) {
        mounts.push_back(bind(path, "rw"));
    }
    return mounts;
}

json configuration(const ContainerOptions& options) {
    // The capabilities that twtrace, nginx and redis need.
    const json capabilities{
        "CAP_BPF",          "CAP_PERFMON", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH",
        "CAP_DAC_OVERRIDE", "CAP_SETUID",  "CAP_SETGID",     "CAP_CHOWN"};
    json process{{"user", {{"uid", 0}, {"gid", 0}}},
                 {"args", options.argv},
                 {"env", {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}},
                 {"cwd", "/"}};
    for (const char* set : {"bounding", "effective", "permitted"}) {
        process["capabilities"][set] = capabilities;
    }
    json namespaces{{{"type", "network"}, {"path", options.netns}}};
    for (const char* type : {"pid", "mount", "ipc", "uts"}) {
        namespaces.push_back({{"type", type}});
    }
    return {{"ociVersion", "1.0.0"},
            {"process", process},
            {"root", {{"path", "rootfs"}}},
            {"hostname", "container"},
            {"mounts", mounts_of(options)},
            {"annotations", options.annotations},
            {"linux", {{"cgroupsPath", options.cgroup}, {"namespaces", namespaces}}}};
}

} // namespace

Container::Container(const ContainerOptions& options) : id_(options.id) {
    const std::string bundle = options.bundle.empty() ? dir_.file("bundle") : options.bundle;
    fs::create_directories(bundle + "/rootfs");
    write_file(bundle + "/config.json", configuration(options).dump());
    command_ =
        std::make_unique<Command>(program("/usr/sbin/runc") + Argv{"--root", dir_.file("state"),
                                                                   "run", "--bundle", bundle, id_});
}

Container::~Container() {
    try {
        run_command(program("/usr/sbin/runc") +
                    Argv{"--root", dir_.file("state"), "delete", "--force", id_});
    } catch (const std::exception&) {
        // Ignored: the test has failed already, or will fail because of the remaining container.
    }
}

} // namespace live
