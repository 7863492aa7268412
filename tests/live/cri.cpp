#include "cri.h"

#include <cstdint>
#include <filesystem>
#include <sstream>

#include "errors.h"
#include "programs.h"

namespace live {

namespace {

// Messages of k8s.io/cri-api/pkg/apis/runtime/v1/api.proto, as protocol buffers encode them: each
// field as its number and kind, then a number, or the length and the bytes of a text or a message.
std::string varint(std::uint64_t value) {
    std::string text;
    for (; value > 0x7f; value >>= 7) {
        text += static_cast<char>(value | 0x80);
    }
    return text + static_cast<char>(value);
}

std::string field(unsigned number, std::string_view bytes) {
    return varint(number << 3 | 2) + varint(bytes.size()).append(bytes);
}

std::string number_field(unsigned number, std::uint64_t value) {
    return varint(number << 3) + varint(value);
}

std::string label(unsigned number, std::string_view key, std::string_view value) {
    return field(number, field(1, key) + field(2, value));
}

std::string sandbox_config(const PodSpec& spec, const std::string& cgroups) {
    return field(1, field(1, spec.name) + field(2, spec.uid) + field(3, spec.name_space)) +
           field(3, spec.logs) + label(6, "io.kubernetes.pod.name", spec.name) +
           label(6, "io.kubernetes.pod.namespace", spec.name_space) +
           label(6, "io.kubernetes.pod.uid", spec.uid) +
           field(8, field(1, cgroups + "/kubepods/besteffort/pod" + spec.uid));
}

std::string container_config(const std::string& name, const std::string& script) {
    std::string config = field(1, field(1, name)) + field(2, field(1, containerd_image));
    for (const std::string& part : {std::string("/bin/sh"), std::string("-c"), script}) {
        config += field(3, part);
    }
    const std::string own_pids = field(3, number_field(2, 1)); // pid: CONTAINER
    return config + label(9, "io.kubernetes.container.name", name) + field(11, name + ".log") +
           field(15, field(2, own_pids));
}

// The answer's first field is an id.
std::string id_of(const std::string& answer) {
    check(answer.size() > 2 && answer.size() >= 2U + static_cast<unsigned char>(answer[1]),
          "CRI: an answer without an id");
    return answer.substr(2, static_cast<unsigned char>(answer[1]));
}

} // namespace

Pod::Pod(const Docker& docker, const RuntimeRoot& root, const PodSpec& spec)
    : docker_(docker), root_(root), config_(sandbox_config(spec, cgroups_.root())) {
    // CRI learns of an image shortly after it was imported.
    const std::string image = field(1, field(1, containerd_image));
    await("the image of the pod", [&] { return !call("ImageService/ImageStatus", image).empty(); });
    id_ = id_of(call("RuntimeService/RunPodSandbox", field(1, config_)));
}

Pod::~Pod() {
    try {
        call("RuntimeService/StopPodSandbox", field(1, id_));
        call("RuntimeService/RemovePodSandbox", field(1, id_));
    } catch (const std::exception&) {
        // Ignored: the test has failed already, or will fail because of the remaining pod.
    }
}

std::string Pod::create(const std::string& name, const std::string& script) const {
    return id_of(
        call("RuntimeService/CreateContainer",
             field(1, id_) + field(2, container_config(name, script)) + field(3, config_)));
}

void Pod::start(const std::string& container) const {
    call("RuntimeService/StartContainer", field(1, container));
}

std::vector<std::string> Pod::shell_in(const std::string& container) const {
    return docker_.ctr_argv(
        {"-n", "k8s.io", "tasks", "exec", "--exec-id", "script", container, "/bin/sh", "-c"});
}

int Pod::pid_of(const std::string& container) const {
    for (const std::string& line : lines_of(docker_.ctr({"-n", "k8s.io", "tasks", "list"}).out)) {
        std::istringstream words(line);
        std::string id;
        int pid = 0;
        if (words >> id >> pid && id == container) {
            return pid;
        }
    }
    throw std::runtime_error("containerd has no task " + container);
}

std::string Pod::call(const std::string& method, const std::string& request) const {
    const TempDir dir;
    std::string message(1, '\0'); // not compressed
    for (int shift = 24; shift >= 0; shift -= 8) {
        message += static_cast<char>(request.size() >> shift);
    }
    write_file(dir.file("request"), message + request);
    const CommandResult result = run_command(
        {"curl", "-sS", "--http2-prior-knowledge", "--unix-socket",
         root_.below("/run/containerd/containerd.sock"), "-H", "content-type: application/grpc",
         "-H", "te: trailers", "--data-binary", "@" + dir.file("request"), "-D",
         dir.file("headers"), "-o", dir.file("answer"), "http://localhost/runtime.v1." + method},
        {}, Milliseconds(60'000));
    check(result.exit_status == 0, "CRI " + method + ": " + result.err);
    const std::string headers = read_file(dir.file("headers"));
    check(headers.find("grpc-status: 0") != std::string::npos, "CRI " + method + ": " + headers);
    return read_file(dir.file("answer")).substr(5);
}

} // namespace live
