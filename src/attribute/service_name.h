// The short name that an event is shown and grouped under: "which service closed?"
#pragma once

#include <string>
#include <string_view>

#include "attribute/cgroup_path.h"
#include "attribute/runtime_names/container_names.h"

namespace twtrace {

/// The service, by the first of these that applies:
///
///   1. unit, if it names a service (unit_name.h has the table of those that do not). The full name
///   with
///      its suffix, as systemctl takes it, so that "nginx.service" and a command called nginx stay
///      two rows. A unit of a container's own systemd is shown as "<container>/<unit>": the
///      nginx.service of three lxc containers are three services, and none of them is the host's.
///   2. container: what runs in "docker-<id>.scope" is the container, not the scope. It is called
///   by
///      ContainerNames::service() where its runtime's names are known, with the user's manager in
///      front where a user runs it, else by its id.
///   3. comm, as for anything started from a login or by systemd-run without a name.
///
/// Empty only if all are. `comm` is the task's own choice of bytes: whoever prints it escapes it.
/// A unit of a user's manager is named like one of the system's; uid and cgroup tell them apart.
std::string pick_service(std::string_view unit, std::string_view container, std::string_view comm,
                         bool unit_in_container = false);

/// `names`: nullptr if only the container's id is known.
std::string pick_service(const CgroupName& name, std::string_view comm,
                         const ContainerNames* names = nullptr);

} // namespace twtrace
