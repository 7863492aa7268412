#include "attribute/runtime_names/readers.h"

#include <array>
#include <charconv>
#include <optional>

#include "attribute/runtime_names/json_strings.h"
#include "attribute/runtime_names/name_parser.h"
#include "attribute/unit_name.h"

namespace twtrace {

namespace {

using std::string_view;

constexpr std::size_t max_container_bytes = std::size_t{1} << 20; // usually 5 to 50 KB
constexpr std::size_t max_list_bytes = std::size_t{8} << 20;      // about 600 bytes a container
constexpr std::size_t max_namespaces = 64;
constexpr std::size_t max_passwd_bytes = std::size_t{1} << 20;

void fill(std::string& name, string_view text) {
    if (name.empty() && is_container_name(text))
        name = text;
}

/// Container labels that identify what it belongs to.
struct Labels {
    std::string project;
    std::string service;
    std::string swarm_service;

    void take(const std::string& key, const std::string& text, ContainerNames& names) {
        if (key == "com.docker.compose.project")
            fill(project, text);
        else if (key == "com.docker.compose.service")
            fill(service, text);
        else if (key == "com.docker.swarm.service.name")
            fill(swarm_service, text);
        else if (key == "io.kubernetes.pod.name" || key == "io.kubernetes.cri.sandbox-name")
            fill(names.pod, text);
        else if (key == "io.kubernetes.pod.namespace" ||
                 key == "io.kubernetes.cri.sandbox-namespace")
            fill(names.pod_namespace, text);
        else if (key == "io.kubernetes.container.name" ||
                 key == "io.kubernetes.cri.container-name" || key == "nerdctl/name")
            fill(names.container_name, text);
    }
    [[nodiscard]] std::string workload() const {
        if (!project.empty() && !service.empty())
            return project + "/" + service;
        return swarm_service;
    }
};

// Nothing is taken from a document that is malformed further on.
template <typename Take>
bool read_names(string_view json, ContainerNames& names, Take take) {
    ContainerNames found = names;
    Labels labels;
    if (!each_json_string(json, [&](const JsonPath& path, const std::string& text) {
            take(path, text, labels, found);
        }))
        return false;
    if (found.pod.empty() && found.workload.empty())
        found.workload = labels.workload();
    names = std::move(found);
    return true;
}

// An id or a name that becomes a component of a path: only digits and letters, and no "..".
bool is_safe_path_component(string_view text) {
    return is_container_name(text) && text != "." && text != "..";
}

void read_file(const RuntimeQuery& query, const std::string& path, const std::string& file,
               NameFormat format, ContainerNames& names) {
    const Fd directory = open_directory(query.root, path);
    if (!directory)
        return;
    if (const auto json = read_beneath(directory, file, max_container_bytes))
        parse_names(format, *json, {}, names);
}

} // namespace

void read_docker_config(string_view json, ContainerNames& names) {
    std::string own_name;
    const bool good = read_names(
        json, names,
        [&](const JsonPath& path, const std::string& text, Labels& labels, ContainerNames& found) {
            if (path.size() == 1 && path[0] == "Name")
                own_name = text.substr(text.starts_with('/') ? 1 : 0);
            else if (path.size() == 3 && path[0] == "Config" && path[1] == "Labels")
                labels.take(path[2], text, found);
        });
    // In a pod, docker's own name of the container is a generated one: k8s_api_checkout-..._0.
    if (good)
        fill(names.container_name, own_name);
}

void read_bundle(string_view json, ContainerNames& names) {
    read_names(
        json, names,
        [](const JsonPath& path, const std::string& text, Labels& labels, ContainerNames& found) {
            if (path.size() == 2 && path[0] == "annotations")
                labels.take(path[1], text, found);
        });
}

void read_storage_list(string_view json, string_view id, ContainerNames& names) {
    std::string at;    // element with this id
    std::string first; // name of the element `named`
    std::string named;
    std::string name;
    const bool good = each_json_string(json, [&](const JsonPath& path, const std::string& text) {
        if (path.size() == 2 && path[1] == "id" && text == id)
            at = path[0];
        if (path.size() == 3 && path[1] == "names" && path[2] == "[0]") {
            named = path[0];
            first = text;
        }
        if (!at.empty() && at == named && name.empty())
            name = first;
    });
    if (good)
        fill(names.container_name, name);
}

void read_docker(const RuntimeQuery& query, ContainerNames& names) {
    if (!is_safe_path_component(query.cgroup.container_id))
        return;
    const std::string file = query.cgroup.container_id + "/config.v2.json";
    for (const char* directory :
         {"/var/lib/docker/containers", "/var/snap/docker/common/var-lib-docker/containers"}) {
        read_file(query, directory, file, NameFormat::DockerConfig, names);
        if (names.known())
            return;
    }
    // daemon.json may configure another directory.
    const Fd etc = open_directory(query.root, "/etc/docker");
    const auto settings =
        etc ? read_beneath(etc, "daemon.json", max_container_bytes) : std::optional<std::string>();
    std::string data_root;
    if (!settings ||
        !each_json_string(*settings,
                          [&](const JsonPath& path, const std::string& text) {
                              if (path.size() == 1 && path[0] == "data-root")
                                  data_root = text;
                          }) ||
        data_root.empty())
        return;
    read_file(query, data_root + "/containers", file, NameFormat::DockerConfig, names);
}

void read_containerd(const RuntimeQuery& query, ContainerNames& names) {
    if (!is_safe_path_component(query.cgroup.container_id))
        return;
    for (const char* directory :
         {"/run/containerd", "/run/k3s/containerd", "/var/snap/microk8s/common/run/containerd"}) {
        const Fd tasks =
            open_directory(query.root, std::string(directory) + "/io.containerd.runtime.v2.task");
        if (!tasks)
            continue;
        list_beneath(tasks, ".", max_namespaces, [&](string_view space) {
            const auto json = read_beneath(
                tasks, std::string(space) + "/" + query.cgroup.container_id + "/config.json",
                max_container_bytes);
            if (json)
                parse_names(NameFormat::Bundle, *json, {}, names);
            return !json;
        });
    }
    // ctr has no names beside ids, and accepts any name as an id.
    if (!names.known() && !is_hex_id(query.cgroup.container_id, 64, 64))
        take_name_of_path(query, names);
}

void read_crio(const RuntimeQuery& query, ContainerNames& names) {
    if (!is_safe_path_component(query.cgroup.container_id))
        return;
    for (const char* directory : {"/run/containers/storage/overlay-containers",
                                  "/var/lib/containers/storage/overlay-containers"}) {
        read_file(query, directory, query.cgroup.container_id + "/userdata/config.json",
                  NameFormat::Bundle, names);
        if (names.known())
            return;
    }
}

namespace {

// containers/storage names its directories after the driver, and keeps --rm containers separately.
void read_storage(const Fd& storage, string_view id, ContainerNames& names) {
    for (const char* driver : {"overlay", "vfs", "btrfs", "zfs"})
        for (const char* file : {"containers.json", "volatile-containers.json"}) {
            const auto json =
                read_beneath(storage, std::string(driver) + "-containers/" + file, max_list_bytes);
            if (json)
                parse_names(NameFormat::StorageList, *json, id, names);
            if (names.known())
                return;
        }
}

std::optional<std::string> user_of(string_view cgroup_path) {
    constexpr string_view before = "/user@";
    const std::size_t at = cgroup_path.find(before);
    if (at == string_view::npos)
        return std::nullopt;
    const string_view rest = cgroup_path.substr(at + before.size());
    const string_view uid = rest.substr(0, rest.find(".service"));
    return uid.empty() || uid.size() > 10 || uid.find_first_not_of("0123456789") != uid.npos
               ? std::nullopt
               : std::optional<std::string>(uid);
}

std::string home_of(const std::string& root, const std::string& uid) {
    const Fd etc = open_directory(root, "/etc");
    const auto text = etc ? read_beneath(etc, "passwd", max_passwd_bytes) : std::nullopt;
    string_view rest = text ? string_view(*text) : string_view();
    while (!rest.empty()) {
        const string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        std::array<string_view, 6> fields;
        string_view left = line;
        for (string_view& field : fields) {
            field = left.substr(0, left.find(':'));
            left.remove_prefix(std::min(left.size(), field.size() + 1));
        }
        if (fields[2] == uid)
            return std::string(fields[5]);
    }
    return {};
}

} // namespace

void read_podman(const RuntimeQuery& query, ContainerNames& names) {
    for (const char* directory : {"/var/lib/containers/storage", "/run/containers/storage"}) {
        if (names.known())
            return;
        if (const Fd storage = open_directory(query.root, directory))
            read_storage(storage, query.cgroup.container_id, names);
    }
}

void read_rootless_podman(const RuntimeQuery& query, ContainerNames& names) {
    const auto uid = user_of(query.cgroup_path);
    if (!uid || names.known())
        return;
    const std::string home = home_of(query.root, *uid);
    if (home.empty())
        return;
    // The directory is writable by the user and may contain links to other places: none is
    // followed.
    const Fd top = open_directory(query.root, home);
    if (!top)
        return;
    if (const Fd storage = open_directory_beneath(top, ".local/share/containers/storage"))
        read_storage(storage, query.cgroup.container_id, names);
}

void take_name_of_path(const RuntimeQuery& query, ContainerNames& names) {
    fill(names.container_name, query.cgroup.container);
}

} // namespace twtrace
