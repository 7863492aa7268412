// The short name of the service that closed, under which an event is shown and grouped.
#pragma once

#include <string>
#include <string_view>

#include "attribute/cgroup_path.h"
#include "attribute/runtime_names/container_names.h"

namespace twtrace {

/// The service, by the first of these that applies:
///
///   1. unit, if it names a service (unit_name.cpp lists those that do not). The full name with its
///      suffix, as systemctl accepts it, so that "nginx.service" and a command called nginx stay
///      two rows. A unit of a container's own systemd is shown as "<container>/<unit>", because the
///      nginx.service of three lxc containers are three services, and none of them is the host's.
///   2. container: in "docker-<id>.scope" the container is the service, not the scope. Its name is
///      ContainerNames::service() if the runtime's names are known, prefixed by the user's manager
///      if a user runs it, else its id.
///   3. comm, as for anything started from a login or by systemd-run without a name.
///
/// Empty only if all are. `comm` is untrusted: escape it for output. A unit of a user's manager has
/// the same name as one of the system's; uid and cgroup distinguish them.
std::string pick_service(std::string_view unit, std::string_view container, std::string_view comm,
                         bool unit_in_container = false);

/// `names`: nullptr if only the container's id is known.
std::string pick_service(const CgroupName& name, std::string_view comm,
                         const ContainerNames* names = nullptr);

} // namespace twtrace
