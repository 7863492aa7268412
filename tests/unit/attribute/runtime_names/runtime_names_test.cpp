// The files of each runtime on a Debian 12 host (tests/golden/runtimes), and twtrace's result.
#include "attribute/runtime_names/runtime_names.h"

#include <fstream>
#include <iterator>

#include <sys/stat.h>

#include <sys/utsname.h>

#include "attribute/runtime_names/readers.h"
#include "attribute/runtime_names/runtime_table.h"
#include "catch2.h"
#include "fake_files.h"
#include "golden.h"

using namespace twtrace;
using twtrace::test::FakeFiles;
using twtrace::test::golden_text;
namespace fs = std::filesystem;

namespace {

const std::string id = "62f70fb04b4d7a5c7e3a6b1f0c9d8e7f6a5b4c3d2e1f00112233445566778899";
const std::string pod_uid = "44c76ce5-f953-4bd3-bc89-12621681af49";
const std::string podman_id = "5492f82b3be23ab5bdc3035da182a31847aeb8d304fee3a85438c833911f42b7";
const std::string docker_file = "/var/lib/docker/containers/" + id + "/config.v2.json";
const std::string docker_cgroup = "/system.slice/docker-" + id + ".scope";
const std::string pod_cgroup = "/kubepods/burstable/pod" + pod_uid + "/" + id;

std::string crio_bundle() {
    return R"({"ociVersion":"1.0.2","annotations":{
        "io.kubernetes.cri-o.Name":"k8s_api_checkout-7d9f8c6b5-x2x4z_shop_)" +
           pod_uid + R"(_0","io.kubernetes.container.name":"api",
        "io.kubernetes.pod.name":"checkout-7d9f8c6b5-x2x4z","io.kubernetes.pod.namespace":"shop"}})";
}

class Host {
  public:
    ContainerNames find(const std::string& path) {
        const ContainerNames* names = names_.find(name_cgroup(path), path);
        return names == nullptr ? ContainerNames{} : *names;
    }
    FakeFiles files;
    std::uint64_t now_ns = 1;

  private:
    RuntimeNames names_{files.path(), [this] { return now_ns; }};
};

const ContainerNames checkout{"api", "checkout-7d9f8c6b5-x2x4z", "shop", "checkout"};

} // namespace

TEST_CASE("names: docker's, and compose's labels", "[runtimes]") {
    Host host;
    host.files.write(docker_file, golden_text("runtimes/docker-config.v2.json"));
    CHECK(host.find(docker_cgroup) == ContainerNames{"proxy-1", "", "", "web/proxy"});
    CHECK(host.find("/docker/" + id + "/inner") == ContainerNames{"proxy-1", "", "", "web/proxy"});
    CHECK(host.find("/system.slice/nginx.service") == ContainerNames{});
}

TEST_CASE("names: docker's in another data-root, swarm's, Kubernetes'", "[runtimes]") {
    Host host;
    host.files.write("/etc/docker/daemon.json", R"({"data-root": "/data/docker"})");
    host.files.write("/data/docker/containers/" + id + "/config.v2.json",
                     R"({"Name":"/api.1.x9","Config":{"Labels":{
                         "com.docker.swarm.service.name":"shop_api"}}})");
    CHECK(host.find(docker_cgroup) == ContainerNames{"api.1.x9", "", "", "shop_api"});
    ContainerNames pod;
    read_docker_config(R"({"Name":"/k8s_api_checkout-7d9f8c6b5-x2x4z_shop_1_0","Config":{"Labels":{
        "io.kubernetes.container.name":"api","io.kubernetes.pod.namespace":"shop",
        "io.kubernetes.pod.name":"checkout-7d9f8c6b5-x2x4z"}}})",
                       pod);
    CHECK(pod == ContainerNames{"api", "checkout-7d9f8c6b5-x2x4z", "shop", ""});
}

TEST_CASE("names: containerd's, by the annotations of the bundle", "[runtimes]") {
    for (const char* state : {"/run/containerd", "/run/k3s/containerd"}) {
        Host host;
        host.files.write(std::string(state) + "/io.containerd.runtime.v2.task/k8s.io/" + id +
                             "/config.json",
                         golden_text("runtimes/containerd-config.json"));
        CHECK(host.find(pod_cgroup) == checkout);
        CHECK(host.find("/kubepods.slice/cri-containerd-" + id + ".scope") == checkout);
    }
    Host host;
    CHECK(host.find("/default/shop-db") == ContainerNames{"shop-db", "", "", ""});
}

TEST_CASE("names: cri-o's, by the annotations of the bundle", "[runtimes]") {
    Host host;
    host.files.write("/run/containers/storage/overlay-containers/" + id + "/userdata/config.json",
                     crio_bundle());
    CHECK(host.find("/kubepods.slice/crio-" + id + ".scope") == checkout);
    CHECK(host.find(pod_cgroup) == checkout);
}

TEST_CASE("names: podman's, root's and a user's", "[runtimes]") {
    const std::string list = golden_text("runtimes/podman-containers.json");
    Host host;
    host.files.write("/var/lib/containers/storage/overlay-containers/containers.json", list);
    CHECK(host.find("/machine.slice/libpod-" + podman_id + ".scope") ==
          ContainerNames{"cache-runc", "", "", ""});
    CHECK(host.find("/machine.slice/libpod-" + id + ".scope") == ContainerNames{});

    Host rootless;
    rootless.files.write("/etc/passwd",
                         "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/x\n");
    rootless.files.write(
        "/home/ann/.local/share/containers/storage/overlay-containers/containers.json", list);
    CHECK(rootless
              .find("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + podman_id +
                    ".scope")
              .container_name == "cache-runc");
}

TEST_CASE("names: the kubelet's, where the runtime has none", "[runtimes]") {
    Host host;
    host.files.make_directory("/var/log/pods/shop_checkout-7d9f8c6b5-x2x4z_" + pod_uid + "/api");
    host.files.make_directory("/var/log/pods/shop_other-0_44c76ce5-0000-4bd3-bc89-12621681af49");
    host.files.make_directory("/var/lib/kubelet/pods/" + pod_uid + "/containers/api");
    CHECK(host.find(pod_cgroup) == checkout);
    // The link to the log distinguishes several containers.
    Host two;
    two.files.make_directory("/var/log/pods/shop_checkout-7d9f8c6b5-x2x4z_" + pod_uid);
    two.files.make_directory("/var/lib/kubelet/pods/" + pod_uid + "/containers/api");
    two.files.make_directory("/var/lib/kubelet/pods/" + pod_uid + "/containers/proxy");
    two.files.make_directory("/var/log/containers");
    CHECK(two.find(pod_cgroup).container_name.empty());
    two.now_ns += 2'000'000'000;
    fs::create_symlink("/nowhere", two.files.path("/var/log/containers/checkout-7d9f8c6b5-x2x4z_"
                                                  "shop_proxy-" +
                                                  id + ".log"));
    CHECK(two.find(pod_cgroup).container_name == "proxy");
}

TEST_CASE("names: a static pod's suffix is the node's name", "[runtimes]") {
    utsname system{};
    uname(&system);
    Host host;
    const std::string hash = "d8992f589d8dd12c4342376ccb459375";
    host.files.make_directory("/var/log/pods/kube-system_etcd-" + std::string(system.nodename) +
                              "_" + hash);
    const ContainerNames names = host.find("/kubepods/burstable/pod" + hash + "/" + id);
    CHECK(names.pod == "etcd-" + std::string(system.nodename));
    CHECK(names.workload == "etcd");
}

TEST_CASE("names: machines, from the path alone", "[runtimes]") {
    Host host;
    CHECK(host.find("/lxc.payload.db").container_name == "db");
    CHECK(host.find("/machine.slice/machine-my\\x2dbox.scope").container_name == "my-box");
    CHECK(host.find("/machine.slice/systemd-nspawn@web.service/payload").container_name == "web");
}

TEST_CASE("names: known after the container's end, renamed after a minute", "[runtimes]") {
    constexpr std::uint64_t second_ns = 1'000'000'000;
    Host host;
    CHECK(host.find(docker_cgroup) == ContainerNames{});
    host.files.write(docker_file, R"({"Name":"/first"})");
    CHECK(host.find(docker_cgroup) == ContainerNames{}); // read again after a second
    host.now_ns += second_ns;
    CHECK(host.find(docker_cgroup).container_name == "first");
    host.files.write(docker_file, R"({"Name":"/second"})");
    host.now_ns += 59 * second_ns;
    CHECK(host.find(docker_cgroup).container_name == "first");
    host.now_ns += second_ns;
    CHECK(host.find(docker_cgroup).container_name == "second");
    host.files.remove("/var/lib/docker");
    host.now_ns += 61 * second_ns;
    CHECK(host.find(docker_cgroup).container_name == "second");
}

TEST_CASE("names: files without the name are read again after 1, 2, 4 seconds", "[runtimes]") {
    constexpr std::uint64_t second_ns = 1'000'000'000;
    Host host;
    CHECK(host.find(docker_cgroup) == ContainerNames{});
    host.now_ns += second_ns;
    CHECK(host.find(docker_cgroup) == ContainerNames{});
    host.files.write(docker_file, R"({"Name":"/late"})");
    host.now_ns += second_ns;
    CHECK(host.find(docker_cgroup) == ContainerNames{});
    host.now_ns += second_ns;
    CHECK(host.find(docker_cgroup).container_name == "late");
}

TEST_CASE("names: hostile files give no names", "[runtimes]") {
    const std::string huge = R"({"Name":"/a","x":")" + std::string(2 << 20, 'x') + "\"}";
    const std::string deep = R"({"Name":"/a","x":)" + std::string(100'000, '[');
    for (const std::string& text :
         {huge, deep, std::string(R"({"Name":"/a")"), std::string("{}"), std::string("[]"),
          std::string(), std::string(R"({"Name":"/\u001b[2Ja"})"), std::string(R"({"Name":7})"),
          R"({"Name":"/)" + std::string(300, 'a') + "\"}"}) {
        Host host;
        host.files.write(docker_file, text);
        CHECK(host.find(docker_cgroup) == ContainerNames{});
    }
    Host linked;
    linked.files.write("/secret", R"({"Name":"/a"})");
    linked.files.make_directory("/var/lib/docker/containers/" + id);
    fs::create_symlink("/secret", linked.files.path(docker_file));
    CHECK(linked.find(docker_cgroup) == ContainerNames{});
    Host fifo;
    fifo.files.make_directory("/var/lib/docker/containers/" + id);
    REQUIRE(mkfifo(fifo.files.path(docker_file).c_str(), 0600) == 0);
    CHECK(fifo.find(docker_cgroup) == ContainerNames{});
    Host loop;
    loop.files.make_directory("/var/lib");
    fs::create_symlink("docker", loop.files.path("/var/lib/docker"));
    CHECK(loop.find(docker_cgroup) == ContainerNames{});
}

TEST_CASE("names: every cut and some changed bytes of real metadata are handled", "[runtimes]") {
    const std::string docker = golden_text("runtimes/docker-config.v2.json");
    const std::string list = golden_text("runtimes/podman-containers.json");
    REQUIRE_FALSE(docker.empty());
    REQUIRE_FALSE(list.empty());
    for (std::size_t at = 0; at + 2 < docker.size(); at += 7) { // the end is }\n
        ContainerNames names;
        read_docker_config(docker.substr(0, at), names);
        CHECK(names == ContainerNames{});
        std::string changed = docker;
        changed[at] = '"';
        read_docker_config(changed, names);
        read_bundle(changed, names);
        read_storage_list(changed, podman_id, names);
    }
    for (std::size_t at = 0; at < list.size(); ++at) {
        ContainerNames names;
        read_storage_list(list.substr(0, at), podman_id, names);
        CHECK(names == ContainerNames{});
    }
}

TEST_CASE("names: docs/services.md has the table of runtimes", "[runtimes]") {
    std::ifstream in(TWTRACE_SOURCE "/docs/services.md");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (const RuntimeRow& row : runtime_table()) {
        std::string path(row.path);
        if (path != "-")
            path = "`" + path + "`";
        const std::string line = "| " + std::string(row.runtime) + " | " + path + " | " +
                                 std::string(row.reads) + " | " + std::string(row.shows) + " |\n";
        INFO(line);
        CHECK(text.find(line) != std::string::npos);
    }
}
