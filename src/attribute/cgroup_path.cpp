#include "attribute/cgroup_path.h"

#include <algorithm>
#include <array>
#include <optional>

#include "attribute/unit_name.h"

// How a path is parsed. It is read from the root to the leaf, one component at a time:
//
//   1. A component that names a container (table below) sets the container. A later one replaces
//      it: the innermost container runs the process (docker in docker, kind's nodes).
//   2. A component that names a Kubernetes pod sets the pod and drops the unit around it, which
//      belongs to the kubelet.
//   3. The first unit that is not a slice is the unit. Cgroups below it were created by the
//      program and not by systemd, so they do not change the unit. Further units exist only below
//      user@N.service and session-N.scope, and inside a container.
//   4. Entering a container keeps the unit around it only if that is a service which runs this
//      container for itself (podman --cgroups=split, quadlet, docker --cgroup-parent). A login or
//      a container manager (docker.service, kubelet.service) is not the service that closes.
//
//   spelling of a component                  container    runtime         who writes it
//   docker-<id>.scope  (and without .scope)  id           docker          dockerd, systemd driver
//   cri-containerd-<id>.scope                id           containerd      containerd's CRI plugin
//   nerdctl-<id>.scope                       id           containerd      nerdctl
//   crio-<id>[.scope]                        id           cri-o           cri-o, both drivers
//   libpod-<id>[.scope]                      id           podman          podman, both drivers
//   libpod-payload-<id>                      id           podman          crun, --cgroups=split
//   <other>-<64 hex>.scope                   id           <other>         an unknown runtime
//   ...-conmon-<id>...                       none                         cri-o's, podman's monitor
//   <slice>:<prefix>:<id>                    id           of <prefix>     runc, cgroupfs driver
//                                                                         (path in systemd's form)
//   <64 hex> below docker, ecs/<task>        id           docker          dockerd, cgroupfs driver
//   <64 hex> below default, k8s.io           id           containerd      containerd's namespaces
//   <64 hex> below anything else             id           (not said)      kubelet, cgroupfs driver
//   NAME below buildkit                      NAME         buildkit        docker build's RUN steps
//   NAME below lxc or lxc.payload            NAME         lxc             lxc before 3.1; proxmox
//   lxc.payload.NAME                         NAME         lxc             lxc from 4.0, lxd, incus
//   lxc.monitor...                           none                         lxc's monitor
//   NAME below /default, /k8s.io             NAME         containerd      ctr, with a chosen id
//   machine-NAME.scope                       NAME         systemd-nspawn  systemd-machined
//   machine-qemu\x2dN\x2dNAME.scope          qemu-N-NAME  libvirt         libvirtd
//   systemd-nspawn@NAME.service              NAME         systemd-nspawn  systemd; also the unit
//
// Sources: moby daemon/oci_linux.go, containerd/cri pkg/server/helpers.go (pull 290), cri-o
// internal/config/cgmgr, podman libpod/container_internal_linux.go, kubelet pkg/kubelet/cm/
// cgroup_manager_linux.go, lxc src/lxc/cgroups/cgfsng.c, systemd docs/CGROUP_DELEGATION.md.

namespace twtrace {
namespace {

using std::string_view;

constexpr std::size_t max_path_bytes = 4096;
constexpr std::size_t max_name_bytes = 64; // HOST_NAME_MAX, which bounds lxc and machine names
constexpr std::size_t id_digits = 64;
constexpr std::size_t short_id_digits = 12;
constexpr std::size_t build_id_digits = 25;

struct Spelling {
    string_view text;
    string_view runtime;
};

constexpr std::array<Spelling, 6> id_prefixes{{{"docker", "docker"},
                                               {"cri-containerd", "containerd"},
                                               {"nerdctl", "containerd"},
                                               {"crio", "cri-o"},
                                               {"libpod", "podman"},
                                               {"libpod-payload", "podman"}}};

constexpr std::array<Spelling, 3> id_parents{
    {{"docker", "docker"}, {"default", "containerd"}, {"k8s.io", "containerd"}}};

constexpr std::array<Spelling, 2> name_parents{{{"lxc", "lxc"}, {"lxc.payload", "lxc"}}};

constexpr std::array<string_view, 17> container_managers{"docker.service",
                                                         "containerd.service",
                                                         "crio.service",
                                                         "podman.service",
                                                         "kubelet.service",
                                                         "k3s.service",
                                                         "k3s-agent.service",
                                                         "rke2-server.service",
                                                         "rke2-agent.service",
                                                         "lxc.service",
                                                         "lxd.service",
                                                         "incus.service",
                                                         "buildkit.service",
                                                         "snap.docker.dockerd.service",
                                                         "snap.lxd.daemon.service",
                                                         "snap.microk8s.daemon-containerd.service",
                                                         "snap.microk8s.daemon-kubelite.service"};

/// A container named by a path component. The views point into the path.
struct Container {
    string_view id;
    string_view runtime;
    bool is_name = false; ///< chosen by people: shown in full and unescaped
};

template <std::size_t N>
const Spelling* look_up(const std::array<Spelling, N>& table, string_view text) {
    const auto* row =
        std::find_if(table.begin(), table.end(), [&](const Spelling& s) { return s.text == text; });
    return row == table.end() ? nullptr : row;
}

bool is_plain_name(string_view name) {
    return !name.empty() && name.size() <= max_name_bytes &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

/// buildkit's own ids: 25 base-36 digits.
bool is_build_id(string_view text) {
    return text.size() == build_id_digits && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
           });
}

string_view without_suffix(string_view text, string_view suffix) {
    return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

bool is_conmon(string_view prefix) {
    return prefix == "conmon" || prefix.ends_with("-conmon");
}

std::optional<Container> prefixed_id(string_view component) {
    const string_view stem = without_suffix(component, ".scope");
    const std::size_t dash = stem.rfind('-');
    if (dash == string_view::npos || dash == 0 ||
        !is_hex_id(stem.substr(dash + 1), short_id_digits, id_digits))
        return std::nullopt;
    const Container found{stem.substr(dash + 1), stem.substr(0, dash)};
    if (const Spelling* known = look_up(id_prefixes, found.runtime))
        return Container{found.id, known->runtime};
    // An unknown prefix is accepted only with a full-length id: "backup-20240101000000.scope" is no
    // container.
    if (stem.size() == component.size() || found.id.size() != id_digits ||
        !is_plain_name(found.runtime) || is_conmon(found.runtime))
        return std::nullopt;
    return found;
}

std::optional<Container> colon_form(string_view component) {
    const std::size_t last = component.rfind(':');
    if (last == string_view::npos || last == 0)
        return std::nullopt;
    const std::size_t middle = component.rfind(':', last - 1);
    if (middle == string_view::npos)
        return std::nullopt;
    const string_view id = component.substr(last + 1);
    const string_view prefix = component.substr(middle + 1, last - middle - 1);
    if (prefix == "docker" && is_build_id(id))
        return Container{id, "buildkit"};
    const Spelling* known = look_up(id_prefixes, prefix);
    return known && is_hex_id(id, short_id_digits, id_digits)
               ? std::optional(Container{id, known->runtime})
               : std::nullopt;
}

std::optional<Container> bare_id(string_view component, string_view parent,
                                 string_view grandparent) {
    if ((parent == "docker" || parent == "buildkit") && is_build_id(component))
        return Container{component, "buildkit"};
    if (!is_hex_id(component, id_digits, id_digits))
        return std::nullopt;
    if (grandparent == "ecs")
        return Container{component, "docker"};
    const Spelling* known = look_up(id_parents, parent);
    return Container{component, known ? known->runtime : string_view{}};
}

std::optional<Container> named(string_view component, string_view parent, string_view grandparent) {
    constexpr string_view payload = "lxc.payload.";
    constexpr string_view machine = "machine-";
    Container found;
    if (component.starts_with(payload))
        found = {component.substr(payload.size()), "lxc", true};
    else if (component.starts_with(machine) && component.ends_with(".scope"))
        found = {without_suffix(component, ".scope").substr(machine.size()), "systemd-nspawn",
                 true};
    else if (const Spelling* known = look_up(name_parents, parent))
        found = {component, known->runtime, true};
    else if (grandparent.empty() && (parent == "default" || parent == "k8s.io"))
        found = {component, "containerd", true};
    if (found.id.starts_with("qemu\\x2d"))
        found.runtime = "libvirt";
    return is_plain_name(found.id) ? std::optional(found) : std::nullopt;
}

std::optional<Container> spelled_container(string_view component, string_view parent,
                                           string_view grandparent) {
    if (auto found = prefixed_id(component))
        return found;
    if (auto found = colon_form(component))
        return found;
    if (auto found = bare_id(component, parent, grandparent))
        return found;
    return named(component, parent, grandparent);
}

/// The uid in "kubepods-burstable-pod<uid>.slice" and "pod<uid>". Dashes have a meaning in slice
/// names, so the systemd driver writes the uid's dashes as underscores.
string_view spelled_pod(string_view component) {
    const string_view stem = without_suffix(component.substr(0, component.find(':')), ".slice");
    const std::size_t at = stem.rfind("pod");
    if (at == string_view::npos || (at != 0 && stem[at - 1] != '-'))
        return {};
    const string_view uid = stem.substr(at + 3);
    return is_hex_id(uid, 32, 32) || is_uuid(uid, '-') || is_uuid(uid, '_') ? uid : string_view{};
}

class PathReader {
  public:
    void read(string_view component) {
        if (component.empty() || component == "." || component == "..")
            return; // paths outside the reader's cgroup namespace begin with ".."
        if (const string_view pod = spelled_pod(component); !pod.empty()) {
            pod_ = pod;
            unit_ = {};
            below_unit_ = false;
        }
        if (const auto found = spelled_container(component, parent_, grandparent_))
            enter_container(*found);
        else
            read_unit(component);
        grandparent_ = parent_;
        parent_ = component;
    }

    CgroupName name() const {
        CgroupName out;
        out.unit = std::string(unit_);
        if (!unit_.empty() && unit_ != holder_)
            out.holder = std::string(holder_);
        out.unit_in_container = unit_in_container_ && !unit_.empty();
        out.runtime = std::string(container_.runtime);
        out.container_holder = std::string(container_holder_);
        out.container_id = container_.is_name ? unescape_unit(container_.id) : container_.id;
        if (container_.is_name)
            out.container = out.container_id;
        else // buildkit's ids have no short form
            out.container = container_.id.substr(0, is_build_id(container_.id) ? build_id_digits
                                                                               : short_id_digits);
        out.pod = std::string(pod_);
        std::replace(out.pod.begin(), out.pod.end(), '_', '-');
        return out;
    }

  private:
    void enter_container(const Container& found) {
        if (container_.id.empty())
            container_holder_ = holder_;
        container_ = found;
        const bool manager = std::find(container_managers.begin(), container_managers.end(),
                                       unit_) != container_managers.end();
        if (manager || !names_a_service(unit_))
            unit_ = {};
        unit_in_container_ = false;
        below_unit_ = false;
    }

    void read_unit(string_view component) {
        // systemd puts "_" before names that could collide with one of the kernel's files.
        const string_view unit = component.starts_with('_') ? component.substr(1) : component;
        if (below_unit_ || unit.ends_with(".slice") || !is_unit_name(unit))
            return;
        if (unit == "init.scope" && !unit_.empty()) {
            below_unit_ = true; // a user manager's own process; user@N.service identifies the user
            return;
        }
        if (unit_.empty() || !holds_user_units(unit_))
            holder_ = {};
        if (holds_user_units(unit))
            holder_ = unit;
        unit_ = unit;
        unit_in_container_ = !container_.id.empty();
        below_unit_ = !holds_user_units(unit);
        constexpr string_view nspawn = "systemd-nspawn@";
        if (unit.starts_with(nspawn) && unit.ends_with(".service")) {
            container_ = {without_suffix(unit, ".service").substr(nspawn.size()), "systemd-nspawn",
                          true};
            unit_in_container_ = false;
            below_unit_ = false;
        }
    }

    string_view parent_;
    string_view grandparent_;
    string_view unit_;
    string_view holder_; // of unit_; the unit itself if it contains other units
    string_view container_holder_;
    string_view pod_;
    Container container_;
    bool unit_in_container_ = false;
    bool below_unit_ = false;
};

} // namespace

CgroupName name_cgroup(string_view path) {
    if (path.size() > max_path_bytes)
        return {};
    PathReader reader;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        reader.read(path.substr(0, slash));
        path = slash == string_view::npos ? string_view{} : path.substr(slash + 1);
    }
    return reader.name();
}

} // namespace twtrace
