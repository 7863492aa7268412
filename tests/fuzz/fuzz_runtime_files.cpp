// The directories of container runtimes and of the kubelet with any content, through all readers of
// the table: only valid names come out. A part of the input is a byte, which chooses a file, and
// its text up to a NUL.
#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "attribute/net_text.h"
#include "attribute/runtime_names/runtime_table.h"
#include "fuzz.h"

namespace {

using namespace twtrace;
using namespace twtrace::fuzz;
namespace fs = std::filesystem;

const std::string id(64, 'a');
const std::string uid = "12345678-1234-1234-1234-123456789012";

// These have the text as content.
const std::array files{
    "/var/lib/docker/containers/" + id + "/config.v2.json",
    std::string("/etc/docker/daemon.json"),
    "/data/containers/" + id + "/config.v2.json",
    "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json",
    "/run/containers/storage/overlay-containers/" + id + "/userdata/config.json",
    std::string("/var/lib/containers/storage/overlay-containers/containers.json"),
    std::string("/etc/passwd"),
    std::string("/home/a/.local/share/containers/storage/vfs-containers/containers.json"),
    std::string("/net/tcp"),
};
// In these, the text is the name of an entry.
const std::array directories{
    std::string("/var/log/pods/"),
    std::string("/var/log/containers/"),
    "/var/lib/kubelet/pods/" + uid + "/containers/",
};

// libFuzzer exits without destructors: tools/fuzz removes the files in TMPDIR.
const std::string& root() {
    static const std::string made = [] {
        std::string path =
            fs::temp_directory_path() / ("twtrace-fuzz-files-" + std::to_string(getpid()));
        for (const std::string& file : files)
            fs::create_directories(fs::path(path + file).parent_path());
        for (const std::string& directory : directories)
            fs::create_directories(path + directory);
        return path;
    }();
    return made;
}

void make(std::size_t kind, const std::string& text, std::vector<std::string>& made) {
    kind %= files.size() + directories.size();
    const bool is_file = kind < files.size();
    if (!is_file && (text.empty() || text.size() > 255 || text[0] == '.' ||
                     text.find('/') != std::string::npos))
        return;
    made.push_back(root() + (is_file ? files[kind] : directories[kind - files.size()] + text));
    std::ofstream(made.back(), std::ios::binary) << (is_file ? text : "");
}

void check(const ContainerNames& names) {
    for (const std::string* name : {&names.container_name, &names.pod, &names.pod_namespace})
        require(name->empty() || is_container_name(*name));
    require(names.workload.size() <= 2 * 253 + 1 && !has_control_characters(names.workload));
    require(!has_control_characters(names.service()));
}

void read_all() {
    for (const char* runtime : {"docker", "containerd", "cri-o", "podman", ""}) {
        CgroupName cgroup;
        cgroup.runtime = runtime;
        cgroup.container_id = id;
        cgroup.container = id.substr(0, 12);
        cgroup.pod = uid;
        ContainerNames names;
        for (const RuntimeRow& row : runtime_table()) {
            if (!row.applies(cgroup))
                continue;
            ContainerNames alone;
            const RuntimeQuery query{cgroup, "/user.slice/user-1000.slice/user@1000.service/a",
                                     root(), "node"};
            row.read(query, alone);
            check(alone);
            row.read(query, names);
            check(names);
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = text_of(data, size);
    std::vector<std::string> made;
    while (!rest.empty() && made.size() < 12) {
        const auto kind = static_cast<unsigned char>(rest.front());
        const std::string_view text = rest.substr(1, rest.find('\0', 1) - 1);
        rest.remove_prefix(std::min(rest.size(), text.size() + 2));
        make(kind, std::string(text), made);
    }
    read_all();
    each_listener(root() + "/net", [](const TcpSocket& listener) {
        require(listener.local.family == 4 || listener.local.family == 6);
    });
    for (const std::string& file : made)
        fs::remove(file);
    return 0;
}
