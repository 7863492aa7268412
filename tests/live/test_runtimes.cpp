// Real runtimes: docker, containerd, podman, LXC, systemd-nspawn. Each runs a server and a client
// in one container, and twtrace shows the container's name.
#include <algorithm>
#include <filesystem>
#include <set>

#include "catch2.h"
#include "cgroups.h"
#include "container.h"
#include "cri.h"
#include "programs.h"
#include "runtimes.h"
#include "services.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

const std::string crio_id = "9a" + std::string(62, '4');

/// Traces what passes `filter` in all namespaces.
std::unique_ptr<Tracer> trace(const RuntimeRoot& root, const std::vector<std::string>& filter) {
    return std::make_unique<Tracer>(Argv{"trace", "-o", "json", "--all", "--root", root.path()} +
                                    filter);
}

/// Checks that it ran, and that twtrace saw who closed first.
std::vector<json> closes(Tracer& tracer, const CommandResult& ran, std::size_t least) {
    INFO(ran.err << ran.out);
    CHECK(ran.exit_status == 0);
    await("the closes",
          [&] { return of_type(parse_events(tracer.out()), "time_wait").size() >= least; });
    return of_type(parse_events(tracer.stop().out), "time_wait");
}

void check_names(const std::vector<json>& events, const json& names) {
    REQUIRE_FALSE(events.empty());
    for (const json& event : events) {
        INFO(event.dump());
        for (const auto& [key, value] : names.items()) {
            CHECK(event.at(key) == value);
        }
    }
}

const Argv compose{"--name",  "web-proxy-1",
                   "--label", "com.docker.compose.project=web",
                   "--label", "com.docker.compose.service=proxy"};

PodSpec checkout_of(const RuntimeRoot& root) {
    const std::string uid = "1f0a3c9e-5d5b-4a8e-9b1c-2f6d8e7a9b10";
    const std::string name = "checkout-7d9f8c6b5-x2x4z";
    return {"shop", name, uid, root.below("/kubelet/var/log/pods/shop_" + name + "_" + uid)};
}

const json checkout_names{{"service", "shop/checkout (api)"},
                          {"pod", "checkout-7d9f8c6b5-x2x4z"},
                          {"pod_namespace", "shop"},
                          {"container_name", "api"},
                          {"workload", "checkout"}};

/// The kubelet's files, except the directory of logs, which containerd creates.
void write_kubelet_files(const std::string& root, const PodSpec& pod, const std::string& id) {
    std::filesystem::create_directories(root + "/var/lib/kubelet/pods/" + pod.uid +
                                        "/containers/api");
    std::filesystem::create_directories(root + "/var/log/containers");
    std::filesystem::create_symlink(pod.logs + "/api.log", root + "/var/log/containers/" +
                                                               pod.name + "_" + pod.name_space +
                                                               "_api-" + id + ".log");
}

} // namespace

TEST_CASE("runtimes: docker's containers by name and by compose's labels", "[runtimes][docker]") {
    const auto started = start_docker();
    if (!started) {
        return;
    }
    const RuntimeRoot& root = started->root;
    const Docker& docker = started->runtime;
    const auto tracer = trace(root, {"--container", "web-proxy-*"});
    check_names(closes(*tracer, docker.run(compose, closing_script(3)), 3),
                {{"service", "web/proxy"},
                 {"workload", "web/proxy"},
                 {"container_name", "web-proxy-1"},
                 {"pod", nullptr}});
}

TEST_CASE("runtimes: a pod that containerd's CRI created, by its bundle or the kubelet's files",
          "[runtimes][containerd]") {
    if (!have_programs({"/usr/bin/curl"})) {
        return;
    }
    const auto started = start_docker();
    if (!started) {
        return;
    }
    const RuntimeRoot& root = started->root;
    const Docker& docker = started->runtime;
    docker.give_image();
    const PodSpec spec = checkout_of(root);
    const Pod pod(docker, root, spec);
    const std::string id = pod.create("api", closing_script(3));
    std::string files = root.path();
    SECTION("the annotations of the bundle") {}
    SECTION("the kubelet's directories, without the bundle") {
        files = root.below("/kubelet");
        write_kubelet_files(files, spec, id);
    }
    SECTION("the kubelet's directories, of logs and of one container") {
        files = root.below("/kubelet");
        write_kubelet_files(files, spec, id);
        std::filesystem::remove_all(files + "/var/log/containers");
    }
    Tracer tracer(
        {"trace", "-o", "json", "--pod", "shop/checkout", "--namespace", "sh*", "--root", files});
    pod.start(id);
    await(
        "the closes", [&] { return parse_events(tracer.out()).size() >= 3; }, Milliseconds(30'000));
    const auto events = of_type(parse_events(tracer.stop().out), "time_wait");
    check_names(events, checkout_names);
    CHECK(events.front().at("container") == id.substr(0, 12));
}

TEST_CASE("runtimes: a container in cri-o's layout, by the annotations that cri-o writes",
          "[runtimes][cri-o]") {
    if (!can_trace() || !have_runtime({"/usr/sbin/runc"}) || !TestCgroups::can_make()) {
        return;
    }
    const TempDir root;
    const TestNamespace ns;
    TestCgroups cgroups;
    const PodSpec pod{
        "shop", "checkout-7d9f8c6b5-x2x4z", "1f0a3c9e-5d5b-4a8e-9b1c-2f6d8e7a9b10", {}};
    const json labels{{"io.kubernetes.container.name", "api"},
                      {"io.kubernetes.pod.name", pod.name},
                      {"io.kubernetes.pod.namespace", pod.name_space},
                      {"io.kubernetes.pod.uid", pod.uid}};
    json annotations = labels;
    annotations["io.kubernetes.cri-o.ContainerType"] = "container";
    annotations["io.kubernetes.cri-o.ContainerID"] = crio_id;
    annotations["io.kubernetes.cri-o.Labels"] = labels.dump();
    annotations["io.kubernetes.cri-o.Name"] =
        "k8s_api_" + pod.name + "_" + pod.name_space + "_" + pod.uid + "_0";
    std::string cgroup = "/kubepods/besteffort/pod" + pod.uid + "/crio-" + crio_id;
    SECTION("the kubelet's cgroup driver is cgroupfs") {}
    SECTION("the kubelet's cgroup driver is systemd") {
        std::string uid = pod.uid;
        std::replace(uid.begin(), uid.end(), '-', '_');
        cgroup = "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uid +
                 ".slice/crio-" + crio_id + ".scope";
    }
    const Service server(ns, {}, {busybox(), "httpd", "-f", "-p", "127.0.0.1:8000"}, 8000);
    Tracer tracer({"trace", "-o", "json", "--pod", "shop/checkout", "--root", root.path()});
    Container container(
        {crio_id,
         cgroups.root() + cgroup,
         ns.path(),
         {"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000; exec 3>&-"},
         {},
         root.file("run/containers/storage/overlay-containers/" + crio_id + "/userdata"),
         annotations});
    CHECK(container.command().wait().exit_status == 0);
    await("the close", [&] { return !parse_events(tracer.out()).empty(); });
    check_names(of_type(parse_events(tracer.stop().out), "time_wait"), checkout_names);
}

TEST_CASE("runtimes: podman's containers by name", "[runtimes][podman]") {
    const auto started = start_podman();
    if (!started) {
        return;
    }
    const RuntimeRoot& root = started->root;
    const Podman& podman = started->runtime;
    const auto tracer = trace(root, {"--container", "cache"});
    check_names(closes(*tracer, podman.run({"--name", "cache"}, closing_script(3)), 3),
                {{"service", "cache"}, {"container_name", "cache"}, {"workload", nullptr}});
}

TEST_CASE("runtimes: an LXC container by name", "[runtimes][lxc]") {
    if (!can_trace() || !have_runtime({"/usr/bin/lxc-execute"})) {
        return;
    }
    const RuntimeRoot root;
    const std::string place = root.below("/var/lib/lxc");
    root.copy_files(place + "/db/rootfs");
    std::filesystem::create_directories(root.below("/mount")); // the package's may be elsewhere
    write_file(place + "/db/config", "lxc.uts.name = db\nlxc.rootfs.path = dir:" + place +
                                         "/db/rootfs\nlxc.rootfs.mount = " + root.below("/mount") +
                                         "\nlxc.net.0.type = empty\n"
                                         "lxc.apparmor.profile = unconfined\n"
                                         "lxc.mount.auto = proc:mixed\n");
    const Argv start{"-P", place, "-n", "db", "--", "/bin/sh", "-c"};
    const auto run = [&](const std::string& script) {
        return run_command(runtime_command("/usr/bin/lxc-execute", start + Argv{script}), {},
                           Milliseconds(30'000));
    };
    const CommandResult trial = run("exit 0");
    if (trial.exit_status != 0) {
        WARN("SKIP: lxc-execute: " << trial.err);
        return;
    }
    const auto tracer = trace(root, {"--container", "db"});
    check_names(closes(*tracer, run(closing_script(3)), 3),
                {{"service", "db"}, {"container_name", "db"}, {"container", "db"}});
}

TEST_CASE("runtimes: a systemd-nspawn machine by name", "[runtimes][nspawn]") {
    if (!can_trace() || !have_runtime({"/usr/bin/systemd-nspawn"}) || !TestCgroups::can_make()) {
        return;
    }
    const RuntimeRoot root;
    TestCgroups cgroups;
    root.copy_files(root.below("/machine"));
    // The cgroup that systemd-machined would create; there is no systemd here.
    const std::string cgroup = cgroups.make("/machine.slice/machine-my\\x2dbox.scope");
    const auto run = [&](const std::string& script) {
        return run_command(TestCgroups::starting_in(cgroup) +
                               runtime_command("/usr/bin/systemd-nspawn",
                                               {"-q", "-D", root.below("/machine"), "-M", "my-box",
                                                "--register=no", "--keep-unit", "--private-network",
                                                "/bin/sh", "-c", script}),
                           {}, Milliseconds(30'000));
    };
    const CommandResult trial = run("exit 0");
    if (trial.exit_status != 0) {
        WARN("SKIP: systemd-nspawn: " << trial.err);
        return;
    }
    const auto tracer = trace(root, {"--container", "my-*"});
    check_names(closes(*tracer, run(closing_script(3)), 3),
                {{"service", "my-box"}, {"container_name", "my-box"}, {"container", "my-box"}});
}
