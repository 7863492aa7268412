// A cgroup's path -> the systemd unit, container and pod that it belongs to.
//
// The path is the only thing about a cgroup that says who made it; systemd, the container runtimes
// and the kubelet each have their own way to spell it. This is a pure function of the text: it
// reads no file, so that a recording gives the same names as the live host did.
#pragma once

#include <string>
#include <string_view>

namespace twtrace {

/// All fields are printable ASCII and bounded; an empty one means "not said by the path".
struct CgroupName {
    /// The systemd unit as systemctl prints it, escapes kept ("dev-disk\x2dby.service"), at most
    /// 255 bytes. Empty where the unit is only the wrapper of the container ("docker-<id>.scope").
    std::string unit;
    /// The user's manager or session that the unit is below ("user@1000.service"). Its user may
    /// give a unit any name, also that of one of the system's. Empty: the system's manager runs the
    /// unit.
    std::string holder;
    /// The innermost container: first 12 hex digits of its id, as `docker ps` shows it; for lxc,
    /// systemd-nspawn, libvirt and buildkit, which use names instead of ids, the name (at most 64
    /// bytes).
    std::string container;
    /// The user's manager that the container is below: its user may give it any name. Empty: it is
    /// the system's.
    std::string container_holder;
    /// The whole id, of which `container` is the beginning; the name, where there are no ids.
    std::string container_id;
    /// Kubernetes pod uid with dashes, or 32 hex digits for a static pod.
    std::string pod;
    /// docker, containerd, cri-o, podman, lxc, systemd-nspawn, libvirt, buildkit, or the prefix
    /// that an unknown runtime puts before a 64-digit id. Empty where the path does not tell:
    /// kubelet's cgroupfs driver spells docker's and containerd's pods alike.
    std::string runtime;
    /// The unit is one of the container's own systemd (lxc, nspawn, kind), not one of the host's.
    bool unit_in_container = false;

    bool operator==(const CgroupName&) const = default;
    /// "nginx.service", or "user@1000.service/nginx.service".
    [[nodiscard]] std::string full_unit() const {
        return holder.empty() ? unit : holder + "/" + unit;
    }
};

/// Names what `path` says; never fails. The path comes from untrusted hands (whoever may mkdir in a
/// delegated cgroup chooses it): paths over 4096 bytes, the kernel's own limit, name nothing, and
/// parts with bytes that no unit or container name can have are passed over.
CgroupName name_cgroup(std::string_view path);

} // namespace twtrace
