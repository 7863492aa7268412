// Real cgroup paths of systemd, the container runtimes and the kubelet, and twtrace's result.
// `source` is the origin of the path.
#include "attribute/cgroup_path.h"

#include <string>
#include <vector>

#include "attribute/service_name.h"
#include "catch2.h"

using twtrace::CgroupName;
using twtrace::name_cgroup;

namespace {

struct Row {
    const char* source;
    std::string path;
    CgroupName name;
    std::string service; ///< with comm "cmd"
};

const std::string full_id = "d39fa516d8377ecddf9bf8ef33f81cbf58b4d604d85293ced7cdb0c7fc52442b";
const std::string short_id = "d39fa516d837";
const std::string inner_id = "40c03570b6f4c30bc8d69923d37ee698f5cfcced92c7b7df1c47f6f7887378a9";
const std::string inner_short_id = "40c03570b6f4";
const std::string pod_uid = "44c76ce5-f953-4bd3-bc89-12621681af49";
const std::string uid_in_slice = "44c76ce5_f953_4bd3_bc89_12621681af49";

CgroupName unit(std::string name) {
    CgroupName out;
    out.unit = std::move(name);
    return out;
}

CgroupName container(std::string id, std::string runtime, std::string pod = "") {
    CgroupName out;
    out.container = std::move(id);
    out.runtime = std::move(runtime);
    out.pod = std::move(pod);
    return out;
}

CgroupName both(std::string unit_name, std::string id, std::string runtime, bool inside) {
    CgroupName out = container(std::move(id), std::move(runtime));
    out.unit = std::move(unit_name);
    out.unit_in_container = inside;
    return out;
}

const std::vector<Row>& systemd_rows() {
    static const std::vector<Row> rows{
        {"systemd-cgls", "/system.slice/nginx.service", unit("nginx.service"), "nginx.service"},
        {"systemd src/test/test-cgroup-util.c", "/system.slice/foobar.service/sdfdsaf",
         unit("foobar.service"), "foobar.service"},
        {"systemd src/test/test-cgroup-util.c", "/system.slice/getty@tty5.service/aaa/bbb",
         unit("getty@tty5.service"), "getty@tty5.service"},
        {"systemd src/test/test-cgroup-util.c", "/system.slice/getty@.service", {}, "cmd"},
        {"systemd src/test/test-cgroup-util.c",
         "/system.slice/getty####@tty6.service/xxx",
         {},
         "cmd"},
        {"systemd src/test/test-cgroup-util.c",
         "/system.slice/system-waldo.slice/_cpu.service/sdfdsaf", unit("cpu.service"),
         "cpu.service"},
        {"systemd, template in its slice",
         "/system.slice/system-postgresql.slice/postgresql@15-main.service",
         unit("postgresql@15-main.service"), "postgresql@15-main.service"},
        {"systemd.unit(5), escaped name", "/system.slice/srv-my\\x2dapp.service",
         unit("srv-my\\x2dapp.service"), "srv-my\\x2dapp.service"},
        {"systemd, socket unit's own process", "/system.slice/foo.socket", unit("foo.socket"),
         "foo.socket"},
        {"systemd.special(7)", "/init.scope", unit("init.scope"), "cmd"},
        {"systemd.special(7)", "/user.slice/user-1000.slice", {}, "cmd"},
        {"systemd.special(7)", "/system.slice", {}, "cmd"},
        {"logind", "/user.slice/user-1000.slice/session-3.scope", unit("session-3.scope"), "cmd"},
        {"logind, no audit", "/user.slice/user-1000.slice/session-c112.scope",
         unit("session-c112.scope"), "cmd"},
        {"user manager", "/user.slice/user-1000.slice/user@1000.service", unit("user@1000.service"),
         "cmd"},
        {"user manager", "/user.slice/user-1000.slice/user@1000.service/init.scope",
         unit("user@1000.service"), "cmd"},
        {"user manager", "/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.service",
         unit("app-foo.service"), "user@1000.service/app-foo.service"},
        {"systemd docs/DESKTOP_ENVIRONMENTS.md",
         "/user.slice/user-1000.slice/user@1000.service/app.slice/"
         "app-gnome-org.gnome.Evince-4912.scope",
         unit("app-gnome-org.gnome.Evince-4912.scope"),
         "user@1000.service/app-gnome-org.gnome.Evince-4912.scope"},
        {"systemd src/test/test-cgroup-util.c",
         "/user.slice/user-1000.slice/user@1000.service/foobar.slice/foobar@pie.service",
         unit("foobar@pie.service"), "user@1000.service/foobar@pie.service"},
        {"systemd src/test/test-cgroup-util.c",
         "/user.slice/user-1002.slice/session-2.scope/foobar.service/waldo", unit("foobar.service"),
         "session-2.scope/foobar.service"},
        {"gnome-terminal",
         "/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/"
         "vte-spawn-44c76ce5-f953-4bd3-bc89-12621681af49.scope",
         unit("vte-spawn-44c76ce5-f953-4bd3-bc89-12621681af49.scope"), "cmd"},
        {"systemd-run", "/system.slice/run-u17.service", unit("run-u17.service"), "cmd"},
        {"systemd-run v257", "/system.slice/run-p4711-i4711.service",
         unit("run-p4711-i4711.service"), "cmd"},
        {"systemd-run --scope", "/system.slice/run-r0123456789abcdef0123456789abcdef.scope",
         unit("run-r0123456789abcdef0123456789abcdef.scope"), "cmd"},
        {"systemd-run --unit", "/system.slice/run-backup.service", unit("run-backup.service"),
         "run-backup.service"},
        {"libcgroup", "/database.slice/db.scope", unit("db.scope"), "db.scope"},
        {"delegated cgroup that looks like a unit", "/system.slice/runner.service/nginx.service",
         unit("runner.service"), "runner.service"},
        {"docker's daemon", "/system.slice/docker.service", unit("docker.service"),
         "docker.service"},
        {"no container: short hex", "/system.slice/backup-20240101000000.scope",
         unit("backup-20240101000000.scope"), "backup-20240101000000.scope"},
    };
    return rows;
}

const std::vector<Row>& container_rows() {
    static const std::vector<Row> rows{
        {"neuvector share/system/cgroup_test.go", "/system.slice/docker-" + full_id + ".scope",
         container(short_id, "docker"), short_id},
        {"ctrsploit issue 280", "/docker/" + full_id, container(short_id, "docker"), short_id},
        {"caddy-docker-proxy pull 189", "/system.slice/docker/" + full_id,
         container(short_id, "docker"), short_id},
        {"neuvector share/system/cgroup_test.go", "/" + full_id, container(short_id, ""), short_id},
        {"procs pull 959, rootless docker",
         "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + full_id + ".scope",
         container(short_id, "docker"), short_id},
        {"docker build, cgroupfs driver, measured in a public test suite",
         "/docker/buildkit/n4eu0udvbz9vfzjy71jkvgkwh",
         container("n4eu0udvbz9vfzjy71jkvgkwh", "buildkit"), "n4eu0udvbz9vfzjy71jkvgkwh"},
        {"docker build, cgroupfs driver", "/docker/n4eu0udvbz9vfzjy71jkvgkwh",
         container("n4eu0udvbz9vfzjy71jkvgkwh", "buildkit"), "n4eu0udvbz9vfzjy71jkvgkwh"},
        {"docker build, systemd driver, measured in a public test suite",
         "/system.slice/system.slice:docker:jvifp9a6b1lxa1kuw8bwfcovf",
         container("jvifp9a6b1lxa1kuw8bwfcovf", "buildkit"), "jvifp9a6b1lxa1kuw8bwfcovf"},
        {"containerd pull 285, docker 1.12",
         "/init.scope/system.slice/docker-" + full_id + ".scope", container(short_id, "docker"),
         short_id},
        {"amazon-ecs-agent issue 1119", "/ecs/55091c13-b8cf-4801-b527-f4601742204d/" + full_id,
         container(short_id, "docker"), short_id},
        {"amazon-ecs-agent pull 3127",
         "/ecstasks.slice/ecstasks-5a6f.slice/docker-" + full_id + ".scope",
         container(short_id, "docker"), short_id},
        {"containerd/cri pull 290",
         "/system.slice/system-getty.slice/cri-containerd-" + full_id + ".scope",
         container(short_id, "containerd"), short_id},
        {"nerdctl", "/system.slice/nerdctl-" + full_id + ".scope",
         container(short_id, "containerd"), short_id},
        {"ctr, a name for an id", "/default/shop-db", container("shop-db", "containerd"),
         "shop-db"},
        {"nerdctl, cgroupfs", "/default/" + full_id, container(short_id, "containerd"), short_id},
        {"tracee containers_test.go", "/machine.slice/libpod-" + full_id + ".scope",
         container(short_id, "podman"), short_id},
        {"podman, crun", "/machine.slice/libpod-" + full_id + ".scope/container",
         container(short_id, "podman"), short_id},
        {"podman in a pod",
         "/machine.slice/machine-libpod_pod_" + inner_id + ".slice/libpod-" + full_id + ".scope",
         container(short_id, "podman"), short_id},
        {"podman, cgroupfs", "/libpod_parent/libpod-" + full_id, container(short_id, "podman"),
         short_id},
        {"podman, cgroupfs, in a pod", "/libpod_parent/" + inner_id + "/libpod-" + full_id,
         container(short_id, "podman"), short_id},
        {"runc libcontainer/cgroups/systemd/v2.go, rootless",
         "/user.slice/user-1001.slice/user@1001.service/user.slice/libpod-" + full_id + ".scope",
         container(short_id, "podman"), short_id},
        {"podman quadlet", "/system.slice/nginx.service/libpod-payload-" + full_id,
         both("nginx.service", short_id, "podman", false), "nginx.service"},
        {"podman quadlet of a user",
         "/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/libpod-payload-" +
             full_id,
         both("redis.service", short_id, "podman", false), "user@1000.service/redis.service"},
        {"podman quadlet's conmon", "/system.slice/nginx.service/runtime", unit("nginx.service"),
         "nginx.service"},
        {"tracee pull 5190", "/machine.slice/libpod-conmon-" + full_id + ".scope",
         unit("libpod-conmon-" + full_id + ".scope"), "cmd"},
        {"a runtime not known here", "/system.slice/youki-" + full_id + ".scope",
         container(short_id, "youki"), short_id},
        {"unit of a container manager", "/system.slice/docker.service/docker/" + full_id,
         container(short_id, "docker"), short_id},
        {"docker --cgroup-parent", "/system.slice/web.service/" + full_id,
         both("web.service", short_id, "", false), "web.service"},
    };
    return rows;
}

const std::vector<Row>& kubernetes_rows() {
    static const std::vector<Row> rows{
        {"cri-o issue 842",
         "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uid_in_slice +
             ".slice/docker-" + full_id + ".scope",
         container(short_id, "docker", pod_uid), short_id},
        {"cri-o issue 842", "/kubepods/burstable/pod" + pod_uid + "/" + full_id,
         container(short_id, "", pod_uid), short_id},
        {"k3s notes, guaranteed pod", "/kubepods/pod" + pod_uid + "/" + full_id,
         container(short_id, "", pod_uid), short_id},
        {"beyla issue 588 (GKE), static pod",
         "/kubepods/burstable/podb53dfa9e2dc9b890f7fadb2770857b03/" + full_id,
         container(short_id, "", "b53dfa9e2dc9b890f7fadb2770857b03"), short_id},
        {"beyla issue 588 (EKS)",
         "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uid_in_slice +
             ".slice/cri-containerd-" + full_id + ".scope",
         container(short_id, "containerd", pod_uid), short_id},
        {"traceloop pull 47 (cri-o)",
         "/container.slice/container-kubepods.slice/container-kubepods-burstable.slice/"
         "container-kubepods-burstable-pod" +
             uid_in_slice + ".slice/crio-" + full_id + ".scope",
         container(short_id, "cri-o", pod_uid), short_id},
        {"cri-o with crun's own child",
         "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uid_in_slice +
             ".slice/crio-" + full_id + ".scope/container",
         container(short_id, "cri-o", pod_uid), short_id},
        {"cri-o, cgroupfs driver", "/kubepods/besteffort/pod" + pod_uid + "/crio-" + full_id,
         container(short_id, "cri-o", pod_uid), short_id},
        {"tracee containers_test.go",
         "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uid_in_slice +
             ".slice/crio-conmon-" + full_id + ".scope",
         [] {
             CgroupName name = unit("crio-conmon-" + full_id + ".scope");
             name.pod = pod_uid;
             return name;
         }(),
         "cmd"},
        {"containerd with a systemd path and the cgroupfs driver",
         "/system.slice/containerd.service/kubepods-besteffort-pod" + uid_in_slice +
             ".slice:cri-containerd:" + full_id,
         container(short_id, "containerd", pod_uid), short_id},
        {"inside a cgroup namespace", "/../../pod" + pod_uid + "/" + full_id,
         container(short_id, "", pod_uid), short_id},
        {"kepler issue 153 (minikube in docker)",
         "/system.slice/docker-" + full_id +
             ".scope/kubelet.slice/kubelet-kubepods.slice/"
             "kubelet-kubepods-burstable.slice/"
             "kubelet-kubepods-burstable-podd8992f589d8dd12c4342376ccb459375"
             ".slice/cri-containerd-" +
             inner_id + ".scope",
         container(inner_short_id, "containerd", "d8992f589d8dd12c4342376ccb459375"),
         inner_short_id},
        {"beyla pull 589 (kind)",
         "/docker/" + full_id +
             "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
             "kubelet-kubepods-besteffort-pod" +
             uid_in_slice + ".slice/cri-containerd-" + inner_id + ".scope",
         container(inner_short_id, "containerd", pod_uid), inner_short_id},
        {"kind, a service of the node", "/docker/" + full_id + "/system.slice/containerd.service",
         both("containerd.service", short_id, "docker", true), short_id + "/containerd.service"},
        {"caddy-docker-proxy pull 189 (docker in docker)",
         "/docker/" + full_id + "/docker/" + inner_id, container(inner_short_id, "docker"),
         inner_short_id},
        {"docker in docker with its own systemd",
         "/docker/" + full_id + "/system.slice/docker-" + inner_id + ".scope",
         container(inner_short_id, "docker"), inner_short_id},
        {"pod without a container", "/kubepods.slice/kubepods-pod" + uid_in_slice + ".slice",
         container("", "", pod_uid), "cmd"},
    };
    return rows;
}

const std::vector<Row>& machine_rows() {
    static const std::vector<Row> rows{
        {"netdata issue 1178 (lxc before 3.1)", "/lxc/mysql-1/init.scope",
         both("init.scope", "mysql-1", "lxc", true), "mysql-1"},
        {"sysdig pull 801", "/lxc/x1/system.slice/snapd.service",
         both("snapd.service", "x1", "lxc", true), "x1/snapd.service"},
        {"proxmox", "/lxc/101/ns/system.slice/nginx.service",
         both("nginx.service", "101", "lxc", true), "101/nginx.service"},
        {"sysdig issue 1344 (lxc 3.1)", "/lxc.payload/web", container("web", "lxc"), "web"},
        {"lxd, incus", "/lxc.payload.web/system.slice/nginx.service",
         both("nginx.service", "web", "lxc", true), "web/nginx.service"},
        {"incus pull 3684", "/lxc.monitor.web", {}, "cmd"},
        {"a name that looks like an id", "/lxc/deadbeefcafe12", container("deadbeefcafe12", "lxc"),
         "deadbeefcafe12"},
        {"systemd-nspawn", "/machine.slice/machine-foo.scope/payload/system.slice/nginx.service",
         both("nginx.service", "foo", "systemd-nspawn", true), "foo/nginx.service"},
        {"systemd-nspawn, escaped", "/machine.slice/machine-my\\x2dbox.scope",
         container("my-box", "systemd-nspawn"), "my-box"},
        {"systemd-nspawn@.service", "/machine.slice/systemd-nspawn@foo.service/payload",
         both("systemd-nspawn@foo.service", "foo", "systemd-nspawn", false),
         "systemd-nspawn@foo.service"},
        {"systemd-nspawn@.service",
         "/machine.slice/systemd-nspawn@foo.service/payload/system.slice/nginx.service",
         both("nginx.service", "foo", "systemd-nspawn", true), "foo/nginx.service"},
        {"libvirt", "/machine.slice/machine-qemu\\x2d6\\x2dvm1.scope/libvirt/emulator",
         container("qemu-6-vm1", "libvirt"), "qemu-6-vm1"},
    };
    return rows;
}

void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        INFO(row.source << ": " << row.path);
        const CgroupName got = name_cgroup(row.path);
        CHECK(got.unit == row.name.unit);
        CHECK(got.container == row.name.container);
        CHECK(got.container_id.starts_with(got.container));
        CHECK(got.container_id.empty() == got.container.empty());
        CHECK(got.pod == row.name.pod);
        CHECK(got.runtime == row.name.runtime);
        CHECK(got.unit_in_container == row.name.unit_in_container);
        CHECK(twtrace::pick_service(got, "cmd") == row.service);
    }
}

} // namespace

TEST_CASE("paths that systemd writes", "[attribute]") {
    check(systemd_rows());
}
TEST_CASE("paths that container runtimes write", "[attribute]") {
    check(container_rows());
}
TEST_CASE("paths that Kubernetes writes", "[attribute]") {
    check(kubernetes_rows());
}
TEST_CASE("paths of machines: lxc, nspawn, libvirt", "[attribute]") {
    check(machine_rows());
}

TEST_CASE("a path without a known pattern gives no name", "[attribute]") {
    for (const char* path : {"", "/", "//", "/..", "no-slash", ".service", "/.service",
                             "/@.service", "/docker/", "/docker/abc", "/lxc/", "/kubepods", "/pod",
                             "/-pod.slice", "/:::", "/:cri-containerd:", "/-", ":"})
        CHECK(name_cgroup(path) == CgroupName{});
    CHECK(name_cgroup("nginx.service").unit ==
          "nginx.service"); // a missing leading slash is not an error
}

TEST_CASE("hostile paths are bounded and never give a misleading name", "[attribute]") {
    CHECK(name_cgroup("/system.slice/\x1b[2Jnginx.service") == CgroupName{});
    CHECK(name_cgroup("/lxc/a\nb") == CgroupName{});
    CHECK(name_cgroup(std::string("/lxc/a\0b", 8)) == CgroupName{});
    CHECK(name_cgroup("/lxc/\xff\xfe") == CgroupName{});
    CHECK(name_cgroup("/machine.slice/machine-a\\x1b\\x0ab.scope").container == "a\\x1b\\x0ab");
    CHECK(name_cgroup("/" + std::string(300, 'a') + ".service") == CgroupName{});
    CHECK(name_cgroup("/lxc/" + std::string(65, 'a')) == CgroupName{});
    CHECK(name_cgroup("/docker/" + full_id + "0") == CgroupName{});

    const std::string at_the_limit = "/a.service" + std::string(4096 - 10, '/');
    CHECK(name_cgroup(at_the_limit).unit == "a.service");
    CHECK(name_cgroup(at_the_limit + "/") == CgroupName{});
    CHECK(name_cgroup(std::string(1 << 20, 'x')) == CgroupName{});
}

TEST_CASE("every cut and every changed byte of a real path is handled", "[attribute]") {
    for (const auto* rows :
         {&systemd_rows(), &container_rows(), &kubernetes_rows(), &machine_rows()})
        for (const Row& row : *rows)
            for (std::size_t at = 0; at < row.path.size(); ++at) {
                name_cgroup(row.path.substr(0, at));
                name_cgroup(row.path.substr(at));
                std::string changed = row.path;
                for (const char byte : {'/', '-', ':', '@', '\\', '.', '\0', '\xff'}) {
                    changed[at] = byte;
                    const CgroupName name = name_cgroup(changed);
                    REQUIRE(name.unit.size() <= 255);
                    REQUIRE(name.container.size() <= 64);
                    REQUIRE(name.pod.size() <= 36);
                    REQUIRE(name.runtime.size() <= 64);
                }
            }
}
