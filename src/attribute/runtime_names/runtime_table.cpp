#include "attribute/runtime_names/runtime_table.h"

#include <array>

#include "attribute/runtime_names/readers.h"

namespace twtrace {

namespace {

using Name = const CgroupName&;

// The kubelet's cgroupfs driver spells the containers of all runtimes alike.
bool is_of(Name name, std::string_view runtime) {
    return name.runtime == runtime || (name.runtime.empty() && !name.container.empty());
}
bool is_pod(Name name) {
    return !name.pod.empty();
}

constexpr std::string_view pod_names = "pod, pod_namespace, container_name, workload";

// clang-format off
constexpr auto rows = std::to_array<RuntimeRow>({
    {"docker", "/var/lib/docker/containers/ID/config.v2.json",
     "Name; the labels of compose (project, service), swarm (service name) and Kubernetes",
     "container_name; workload: PROJECT/SERVICE, or swarm's service",
     read_docker, [](Name name) { return is_of(name, "docker"); }},
    {"containerd", "/run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json",
     "annotations io.kubernetes.cri.sandbox-name, -namespace, container-name; nerdctl/name and compose's",
     pod_names, read_containerd, [](Name name) { return is_of(name, "containerd"); }},
    {"cri-o", "/run/containers/storage/overlay-containers/ID/userdata/config.json",
     "annotations io.kubernetes.pod.name, io.kubernetes.pod.namespace, io.kubernetes.container.name",
     pod_names, read_crio, [](Name name) { return is_of(name, "cri-o"); }},
    {"podman", "/var/lib/containers/storage/overlay-containers/containers.json",
     "the first of the container's names", "container_name",
     read_podman, [](Name name) { return name.runtime == "podman"; }},
    {"podman", "HOME/.local/share/containers/storage/overlay-containers/containers.json",
     "the same, of containers below user@UID.service; HOME is from /etc/passwd", "container_name",
     read_rootless_podman, [](Name name) { return name.runtime == "podman"; }},
    {"kubelet", "/var/log/pods/NAMESPACE_NAME_UID",
     "names of directories; the pod's UID is in the cgroup's path", "pod, pod_namespace, workload",
     read_pod_logs, is_pod},
    {"kubelet", "/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log",
     "names of links, which are not followed", "container_name", read_container_logs, is_pod},
    {"kubelet", "/var/lib/kubelet/pods/UID/containers/CONTAINER",
     "the name of the directory, if it is the only one", "container_name", read_kubelet, is_pod},
    {"lxc", "-", "nothing: the cgroup is lxc.payload.NAME", "container_name",
     take_name_of_path, [](Name name) { return name.runtime == "lxc"; }},
    {"systemd-nspawn", "-", "nothing: the cgroup is machine-NAME.scope or systemd-nspawn@NAME.service",
     "container_name", take_name_of_path, [](Name name) { return name.runtime == "systemd-nspawn"; }},
    {"libvirt", "-", "nothing: the cgroup is machine-qemu-N-NAME.scope", "container_name",
     take_name_of_path, [](Name name) { return name.runtime == "libvirt"; }},
});
// clang-format on

} // namespace

std::span<const RuntimeRow> runtime_table() {
    return rows;
}

} // namespace twtrace
