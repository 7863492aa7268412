// docker, podman and containerd on one host: each view names the container that closes first and
// the one at the other end.
#include <algorithm>
#include <filesystem>

#include "catch2.h"
#include "cri.h"
#include "exporter.h"
#include "programs.h"
#include "runtimes.h"
#include "terminal.h"

using namespace live;
using nlohmann::json;

namespace {

// Nearly all ports of the containers' range, so that the finding does not depend on the duration.
constexpr int closes = 190;
constexpr const char* port_range = "32768 32967";
const std::string serve = "exec httpd -f -p 8000 -h /";

/// A bridge, which the network namespaces of containers join.
class Bridge {
  public:
    Bridge() {
        run({"ip", "link", "add", "br0", "type", "bridge"});
        run({"ip", "link", "set", "br0", "up"});
    }
    /// Gives the namespace of this process an address on the bridge, and few ports.
    void join(int pid, const std::string& address) const {
        const std::string process = std::to_string(pid);
        run({"ip", "link", "add", "v" + process, "type", "veth", "peer", "name", "eth0", "netns",
             process});
        run({"ip", "link", "set", "v" + process, "master", "br0", "up"});
        const Argv inside{"nsenter", "--net=/proc/" + process + "/ns/net", "ip"};
        run(inside + Argv{"address", "add", address + "/24", "dev", "eth0"});
        run(inside + Argv{"link", "set", "eth0", "up"});
        run({inside[0], inside[1], "sh", "-c",
             std::string("echo ") + port_range + " >/proc/sys/net/ipv4/ip_local_port_range"});
    }

  private:
    void run(const Argv& argv) const {
        const CommandResult result = run_command(argv, ns_.path());
        check(result.exit_status == 0, result.err);
    }
    TestNamespace ns_;
};

/// A container that serves on port 8000, and runs clients.
struct Member {
    std::string service;
    std::string address;
    int pid;
    Argv shell; ///< runs the script that follows in the container
};

Member docker_member(const Docker& docker) {
    const Argv options{"-d",
                       "--name",
                       "web-proxy-1",
                       "--label",
                       "com.docker.compose.project=web",
                       "--label",
                       "com.docker.compose.service=proxy"};
    check(docker.run(options, serve).exit_status == 0, "docker run");
    const CommandResult pid = docker.docker({"inspect", "-f", "{{.State.Pid}}", "web-proxy-1"});
    return {"web/proxy", "10.99.0.1", std::stoi(pid.out),
            docker.docker_argv({"exec", "web-proxy-1", "/bin/sh", "-c"})};
}

Member podman_member(const Podman& podman) {
    check(podman.run({"-d", "--name", "cache"}, serve).exit_status == 0, "podman run");
    const CommandResult pid = podman.podman({"inspect", "-f", "{{.State.Pid}}", "cache"});
    return {"cache", "10.99.0.3", std::stoi(pid.out),
            podman.podman_argv({"exec", "cache", "/bin/sh", "-c"})};
}

Member pod_member(const Pod& pod) {
    const std::string id = pod.create("api", serve);
    pod.start(id);
    return {"shop/checkout (api)", "10.99.0.2", pod.pid_of(id), pod.shell_in(id)};
}

/// The three runtimes with one container each. Each container is a client of the next.
class Host {
  public:
    Host(const RuntimeRoot& root, const Docker& docker, const Podman& podman)
        : docker_(docker), podman_(podman),
          pod_(docker, root,
               {"shop", "checkout-7d9f8c6b5-x2x4z", "1f0a3c9e-5d5b-4a8e-9b1c-2f6d8e7a9b10",
                root.below("/logs")}) {
        try {
            members_ = {docker_member(docker), pod_member(pod_), podman_member(podman)};
            for (const Member& member : members_) {
                bridge_.join(member.pid, member.address);
            }
        } catch (...) {
            remove();
            throw;
        }
    }
    ~Host() { remove(); }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    const std::vector<Member>& members() const { return members_; }
    const Member& peer_of(std::size_t index) const {
        return members_[(index + 1) % members_.size()];
    }
    /// `--netns` for each container.
    Argv namespaces() const {
        Argv options;
        for (const Member& member : members_) {
            options.insert(options.end(),
                           {"--netns", "/proc/" + std::to_string(member.pid) + "/ns/net"});
        }
        return options;
    }
    /// All clients at the same time: each closes first.
    void load() const {
        std::vector<std::unique_ptr<Command>> clients;
        for (std::size_t index = 0; index < members_.size(); ++index) {
            const std::string script = "for i in $(seq " + std::to_string(closes) + "); do nc " +
                                       peer_of(index).address + " 8000 </dev/null; done";
            clients.push_back(std::make_unique<Command>(members_[index].shell + Argv{script}));
        }
        for (const auto& client : clients) {
            const CommandResult result = client->wait(Milliseconds(120'000));
            INFO(result.err);
            CHECK(result.exit_status == 0);
        }
    }

  private:
    void remove() const {
        try {
            docker_.docker({"rm", "-f", "web-proxy-1"});
            podman_.podman({"rm", "-f", "-t", "0", "cache"});
        } catch (const std::exception&) {
            // Ignored: the test has failed already, or will fail because of what remains.
        }
    }

    const Docker& docker_;
    const Podman& podman_;
    Pod pod_;
    Bridge bridge_;
    std::vector<Member> members_;
};

/// The text of a peer in tables and findings.
std::string other_end(const Member& peer) {
    return peer.address + ":8000 (" + peer.service + ")";
}

void check_summary(const Host& host, const json& document) {
    for (std::size_t index = 0; index < host.members().size(); ++index) {
        const Member& member = host.members()[index];
        const Member& peer = host.peer_of(index);
        int seen = 0;
        for (const json& group : document.at("groups")) {
            if (group.at("service") != member.service || group.at("role") != "client") {
                continue;
            }
            CHECK(group.at("time_wait") == closes);
            REQUIRE(group.at("peers").size() == 1);
            CHECK(group.at("peers")[0].at("remote_addr") == peer.address);
            CHECK(group.at("peers")[0].at("remote_service") == peer.service);
            ++seen;
        }
        INFO(member.service);
        CHECK(seen == 1);
    }
}

void check_findings(const Host& host, const json& document) {
    for (std::size_t index = 0; index < host.members().size(); ++index) {
        const Member& member = host.members()[index];
        const std::string to = "local ports to " + other_end(host.peer_of(index));
        const auto& findings = document.at("findings");
        INFO(member.service << " " << to << "\n" << document.dump(1));
        CHECK(std::any_of(findings.begin(), findings.end(), [&](const json& finding) {
            return finding.at("id") == "ports-running-out" &&
                   finding.at("service") == member.service &&
                   finding.at("title").get<std::string>().starts_with(to);
        }));
    }
}

void check_metrics(const Host& host, const Scrape& scrape) {
    for (std::size_t index = 0; index < host.members().size(); ++index) {
        const Member& member = host.members()[index];
        const Member& peer = host.peer_of(index);
        const std::string service = "service=\"" + member.service + "\"";
        INFO(member.service);
        CHECK(sum_of(scrape, "twtrace_time_wait_entered_total", {service, "role=\"client\""}) ==
              closes);
        CHECK(sum_of(scrape, "twtrace_ephemeral_port_use_ratio",
                     {service, "peer=\"" + peer.address + ":8000\"",
                      "peer_service=\"" + peer.service + "\""}) > 0);
    }
}

/// The data in the page, which its script shows.
json data_of(const std::string& file) {
    const std::string page = read_file(file);
    const std::size_t at = page.find('>', page.find("<script type=\"application/json\"")) + 1;
    return json::parse(page.substr(at, page.find("</script>", at) - at));
}

void check_page(const Host& host, const std::string& file) {
    const json data = data_of(file);
    check_summary(host, data.at("summary"));
    check_findings(host, data.at("doctor"));
    for (const Member& member : host.members()) {
        INFO(member.service);
        CHECK(data.at("series").at("closes").dump().find(json(member.service).dump()) !=
              std::string::npos);
    }
}

void check_screen(const Host& host, const Terminal& terminal) {
    for (std::size_t index = 0; index < host.members().size(); ++index) {
        terminal.await(host.members()[index].service);
        terminal.await(other_end(host.peer_of(index)));
    }
}

std::string top_command(const Argv& options) {
    std::string line = twtrace_binary() + " top -i 0.2 -g service";
    for (const std::string& option : options) {
        line += " " + option;
    }
    return line;
}

} // namespace

TEST_CASE("side by side: docker, podman and containerd in each view, with both ends",
          "[runtimes][side-by-side]") {
    if (!have_docker() || !have_podman() || !has_terminal() ||
        !have_programs({"/usr/bin/curl", "/usr/bin/nsenter"})) {
        return;
    }
    const RuntimeRoot root;
    const Docker docker(root);
    if (says_why_not(docker.why_not())) {
        return;
    }
    docker.give_image();
    const Podman podman(root);
    if (says_why_not(podman.why_not())) {
        return;
    }
    const Host host(root, docker, podman);
    const Argv options = host.namespaces() + Argv{"--root", root.path()};
    const TempDir dir;
    const Terminal terminal(160, 40);
    terminal.enter(top_command(options));
    terminal.await("no connection has entered");
    Exporter exporter(options);
    Tracer summary(Argv{"summary", "-g", "service", "-o", "json"} + options);
    Tracer record(Argv{"record", "-o", dir.file("recording")} + options);
    Tracer report(Argv{"report", "-o", dir.file("live.html")} + options);
    Tracer doctor(Argv{"doctor", "-o", "json"} + options);
    host.load();
    check_findings(host, json::parse(doctor.stop().out));
    check_summary(host, json::parse(summary.stop().out));
    check_metrics(host, exporter.scrape());
    CHECK(report.stop().exit_status == 0);
    check_page(host, dir.file("live.html"));
    CHECK(record.stop().exit_status == 0);
    const CommandResult replayed =
        run_command({twtrace_binary(), "report", "--from", dir.file("recording"), "-o",
                     dir.file("replayed.html")});
    INFO(replayed.err);
    CHECK(replayed.exit_status == 0);
    check_page(host, dir.file("replayed.html"));
    check_screen(host, terminal);
}
