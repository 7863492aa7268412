// Names of directories and links that the kubelet creates. Read if the container runtime has
// recorded no names.
#include "attribute/runtime_names/readers.h"

#include "attribute/unit_name.h"

namespace twtrace {

namespace {

using std::string_view;

// The kubelet runs 110 pods by default.
constexpr std::size_t max_pods = 8192;
constexpr std::size_t max_containers = 32'768;

void fill(std::string& name, string_view text) {
    if (name.empty() && is_container_name(text))
        name = text;
}

} // namespace

void read_pod_logs(const RuntimeQuery& query, ContainerNames& names) {
    if (!names.pod.empty())
        return;
    const Fd logs = open_directory(query.root, "/var/log/pods");
    if (!logs)
        return;
    const std::string end = "_" + query.cgroup.pod;
    list_beneath(logs, ".", max_pods, [&](string_view entry) {
        if (!entry.ends_with(end))
            return true;
        const string_view both = entry.substr(0, entry.size() - end.size());
        const std::size_t between = both.find('_'); // not allowed in names of Kubernetes
        if (between == string_view::npos)
            return true;
        fill(names.pod, both.substr(between + 1));
        fill(names.pod_namespace, both.substr(0, between));
        return false;
    });
}

void read_container_logs(const RuntimeQuery& query, ContainerNames& names) {
    if (!names.container_name.empty() || !is_hex_id(query.cgroup.container_id, 64, 64))
        return;
    const Fd logs = open_directory(query.root, "/var/log/containers");
    if (!logs)
        return;
    const std::string end = "-" + query.cgroup.container_id + ".log";
    list_beneath(logs, ".", max_containers, [&](string_view entry) {
        if (!entry.ends_with(end))
            return true;
        const string_view stem = entry.substr(0, entry.size() - end.size());
        fill(names.container_name, stem.substr(stem.rfind('_') + 1));
        return false;
    });
}

void read_kubelet(const RuntimeQuery& query, ContainerNames& names) {
    if (!names.container_name.empty() || query.cgroup.container.empty())
        return;
    const Fd pods = open_directory(query.root, "/var/lib/kubelet/pods");
    if (!pods)
        return;
    std::size_t number = 0;
    std::string only;
    list_beneath(pods, query.cgroup.pod + "/containers", 16, [&](string_view entry) {
        only = entry;
        return ++number < 2;
    });
    if (number == 1)
        fill(names.container_name, only);
}

} // namespace twtrace
