// One reader for each format in which runtimes record names. Each adds what it finds, and keeps
// what is already known.
#pragma once

#include "attribute/runtime_names/runtime_table.h"

namespace twtrace {

void read_docker(const RuntimeQuery& query, ContainerNames& names);
void read_containerd(const RuntimeQuery& query, ContainerNames& names);
void read_crio(const RuntimeQuery& query, ContainerNames& names);
void read_podman(const RuntimeQuery& query, ContainerNames& names);
void read_rootless_podman(const RuntimeQuery& query, ContainerNames& names);
void read_pod_logs(const RuntimeQuery& query, ContainerNames& names);
void read_container_logs(const RuntimeQuery& query, ContainerNames& names);
void read_kubelet(const RuntimeQuery& query, ContainerNames& names);
/// lxc, systemd-nspawn, libvirt: the cgroup's path contains the name, and no file is read.
void take_name_of_path(const RuntimeQuery& query, ContainerNames& names);

/// The format-specific parsers, exposed for tests: contents of a file -> names. They change nothing
/// if the text is not JSON.
void read_docker_config(std::string_view json, ContainerNames& names);
void read_bundle(std::string_view json, ContainerNames& names);
void read_storage_list(std::string_view json, std::string_view id, ContainerNames& names);

} // namespace twtrace
