// Real runtimes: docker, containerd, podman, LXC, systemd-nspawn. Each runs a server and a client
// in one container, and twtrace shows the name that its owner uses.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "catch2.h"
#include "cgroups.h"
#include "programs.h"
#include "runtimes.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

const std::string pod_id = "9a" + std::string(62, '4');

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
        // Either may close first.
        CHECK((event.at("comm") == "httpd" || event.at("comm") == "wget"));
    }
}

bool says_why_not(const std::string& why_not) {
    if (!why_not.empty()) {
        WARN("SKIP: " << why_not);
    }
    return !why_not.empty();
}

bool have_docker() {
    return can_trace() && have_runtime({"/usr/bin/containerd", "/usr/sbin/dockerd",
                                        "/usr/bin/docker", "/usr/bin/ctr", "/usr/sbin/runc"});
}

bool have_podman() {
    return can_trace() && have_runtime({"/usr/bin/podman", "/usr/bin/conmon", "/usr/sbin/runc"});
}

const Argv compose{"--name",  "web-proxy-1",
                   "--label", "com.docker.compose.project=web",
                   "--label", "com.docker.compose.service=proxy"};

/// Like containerd's CRI plugin for a pod's container.
CommandResult run_pod(const Docker& docker, const TestNamespace& ns, const std::string& script) {
    return docker.ctr({"-n", "k8s.io", "run", "--rm", "--snapshotter", "native", "--with-ns",
                       "network:" + ns.path(), "--annotation",
                       "io.kubernetes.cri.sandbox-name=checkout-7d9f8c6b5-x2x4z", "--annotation",
                       "io.kubernetes.cri.sandbox-namespace=shop", "--annotation",
                       "io.kubernetes.cri.container-name=api", "docker.io/library/busy:local",
                       pod_id, "/bin/sh", "-c", script});
}

/// Imports docker's image, for ctr.
void give_image(const Docker& docker, const RuntimeRoot& root) {
    const std::string file = root.below("/saved.tar");
    REQUIRE(docker.docker({"save", "-o", file, "busy:local"}).exit_status == 0);
    REQUIRE(docker.ctr({"-n", "k8s.io", "images", "import", "--snapshotter", "native", file})
                .exit_status == 0);
}

} // namespace

TEST_CASE("runtimes: docker's containers by name, by compose's labels, with a short life",
          "[runtimes][docker]") {
    if (!have_docker()) {
        return;
    }
    const RuntimeRoot root;
    const Docker docker(root);
    if (says_why_not(docker.why_not())) {
        return;
    }
    SECTION("a compose-labelled container") {
        const auto tracer = trace(root, {"--container", "web-proxy-*"});
        check_names(closes(*tracer, docker.run(compose, closing_script(3)), 3),
                    {{"service", "web/proxy"},
                     {"workload", "web/proxy"},
                     {"container_name", "web-proxy-1"},
                     {"pod", nullptr}});
    }
    SECTION("containers that close one connection and end") {
        // TWTRACE_CONTAINERS=1000 takes ten minutes.
        const char* wanted = std::getenv("TWTRACE_CONTAINERS");
        const int number = wanted == nullptr ? 8 : std::atoi(wanted);
        const auto tracer = trace(root, {"--container", "brief-*"});
        CommandResult last;
        for (int one = 0; one < number; ++one) {
            last = docker.run({"--name", "brief-" + std::to_string(one)}, closing_script(1));
        }
        std::set<std::string> names;
        for (const json& event : closes(*tracer, last, static_cast<std::size_t>(number))) {
            names.insert(event.at("container_name"));
        }
        CHECK(names.size() == static_cast<std::size_t>(number));
    }
}

TEST_CASE("runtimes: a pod's container in containerd, by the annotations of its bundle",
          "[runtimes][containerd]") {
    if (!have_docker()) {
        return;
    }
    const RuntimeRoot root;
    const Docker docker(root);
    if (says_why_not(docker.why_not())) {
        return;
    }
    give_image(docker, root);
    const TestNamespace ns;
    const auto tracer = trace(root, {"--pod", "shop/checkout", "--namespace", "sh*"});
    check_names(closes(*tracer, run_pod(docker, ns, closing_script(3)), 3),
                {{"service", "shop/checkout (api)"},
                 {"pod", "checkout-7d9f8c6b5-x2x4z"},
                 {"pod_namespace", "shop"},
                 {"container_name", "api"},
                 {"workload", "checkout"},
                 {"container", pod_id.substr(0, 12)}});
}

TEST_CASE("runtimes: podman's containers by name", "[runtimes][podman]") {
    if (!have_podman()) {
        return;
    }
    const RuntimeRoot root;
    const Podman podman(root);
    if (says_why_not(podman.why_not())) {
        return;
    }
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

TEST_CASE("runtimes: docker, containerd and podman side by side in one summary",
          "[runtimes][side-by-side]") {
    if (!have_docker() || !have_podman()) {
        return;
    }
    const RuntimeRoot root;
    const Docker docker(root);
    if (says_why_not(docker.why_not())) {
        return;
    }
    give_image(docker, root);
    const Podman podman(root);
    if (says_why_not(podman.why_not())) {
        return;
    }
    const TestNamespace ns;
    Tracer tracer({"summary", "-g", "service", "-o", "json", "--root", root.path()});
    CHECK(docker.run(compose, closing_script(2)).exit_status == 0);
    CHECK(run_pod(docker, ns, closing_script(2)).exit_status == 0);
    CHECK(podman.run({"--name", "cache"}, closing_script(2)).exit_status == 0);
    std::set<std::string> services;
    const CommandResult result = tracer.stop();
    const json document = json::parse(result.out);
    for (const json& group : document.at("groups")) {
        if (group.at("service").is_string()) {
            services.insert(group.at("service"));
        }
    }
    INFO(result.out);
    for (const char* service : {"web/proxy", "shop/checkout (api)", "cache"}) {
        CHECK(services.contains(service));
    }
}
