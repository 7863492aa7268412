// A cgroup's path -> the systemd unit, container and pod that it belongs to.
//
// The path is the only property of a cgroup that identifies its creator; systemd, the container
// runtimes and the kubelet each have their own spelling. This is a pure function of the text and
// reads no file, so that a recording gives the same names as the live host did.
#pragma once

#include <string>
#include <string_view>

namespace twtrace {

/// All fields are printable ASCII and bounded; empty: the path does not show it.
struct CgroupName {
    /// The systemd unit as systemctl prints it, escapes kept ("dev-disk\x2dby.service"), at most
    /// 255 bytes. Empty if the unit is only the wrapper of the container ("docker-<id>.scope").
    std::string unit;
    /// The user's manager or session that the unit is below ("user@1000.service"). Its user may
    /// give a unit any name, including that of a system unit. Empty: the system's manager runs the
    /// unit.
    std::string holder;
    /// The innermost container: the first 12 hex digits of its id, as `docker ps` shows it. lxc,
    /// systemd-nspawn, libvirt and buildkit use names instead of ids: then the name (at most 64
    /// bytes).
    std::string container;
    /// The user's manager that the container is below. Its user may give the container any name.
    /// Empty: the system's manager.
    std::string container_holder;
    /// The whole id, of which `container` is a prefix; the name, if the runtime has no ids.
    std::string container_id;
    /// Kubernetes pod uid with dashes, or 32 hex digits for a static pod.
    std::string pod;
    /// docker, containerd, cri-o, podman, lxc, systemd-nspawn, libvirt, buildkit, or the prefix
    /// that an unknown runtime puts before a 64-digit id. Empty if the path does not show it:
    /// kubelet's cgroupfs driver spells docker's and containerd's pods alike.
    std::string runtime;
    /// The unit belongs to the container's own systemd (lxc, nspawn, kind), not to the host's.
    bool unit_in_container = false;

    bool operator==(const CgroupName&) const = default;
    /// "nginx.service", or "user@1000.service/nginx.service".
    [[nodiscard]] std::string full_unit() const {
        return holder.empty() ? unit : holder + "/" + unit;
    }
};

/// Parses `path`; never fails. The path is untrusted: anyone with write access to a delegated
/// cgroup can choose it. Paths over 4096 bytes, the kernel's own limit, name nothing, and
/// components with bytes that no unit or container name can have are ignored.
CgroupName name_cgroup(std::string_view path);

} // namespace twtrace
