// Real containers: twtrace on the host names them; inside a container it shows the container's
// pids.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "catch2.h"
#include "cgroups.h"
#include "container.h"
#include "errors.h"
#include "nginx.h"
#include "programs.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

const std::string server_id = "5e" + std::string(62, '1');
const std::string client_id = "c1" + std::string(62, '2');
const std::string inside_id = "1d" + std::string(62, '3');
constexpr std::size_t rounds = 10;

/// Like `ip netns attach`.
class NetnsName {
  public:
    explicit NetnsName(const TestNamespace& ns)
        : name_("twtrace-test-" + std::to_string(getpid())) {
        std::filesystem::create_directories("/run/netns");
        write_file(path(), "");
        check_call(mount(ns.path().c_str(), path().c_str(), "none", MS_BIND, nullptr), path());
    }
    ~NetnsName() {
        umount2(path().c_str(), MNT_DETACH);
        unlink(path().c_str());
    }
    NetnsName(const NetnsName&) = delete;
    NetnsName& operator=(const NetnsName&) = delete;
    std::string path() const { return "/run/netns/" + name_; }
    const std::string& name() const { return name_; }

  private:
    std::string name_;
};

/// Connects, and closes first.
std::string client_script() {
    return "for i in $(seq " + std::to_string(rounds) +
           "); do exec 3<>/dev/tcp/127.0.0.1/8000; exec 3>&-; done; ";
}

/// Runs twtrace and a client in one container; the client's pid is in the file `pid`.
std::string inside_script(const TempDir& dir) {
    return twtrace_binary() + " trace -o json -v --netns /proc/self/ns/net >" + dir.file("out") +
           " 2>" + dir.file("err") + " & tracer=$!; until grep -q tracing " + dir.file("err") +
           "; do kill -0 $tracer || exit 1; sleep 0.02; done; echo $$ >" + dir.file("pid") + "; " +
           client_script() + "touch " + dir.file("ready") + "; until [[ -e " + dir.file("stop") +
           " ]]; do sleep 0.02; done; kill -INT $tracer; wait";
}

std::string server_configuration(const TempDir& dir) {
    std::string text = "daemon off; master_process off; pid " + dir.file("nginx.pid") + ";\n";
    text += "error_log " + dir.file("error.log") + "; events { worker_connections 64; }\n";
    text += "http { access_log off; ";
    for (const char* path : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        text += std::string(path) + "_temp_path " + dir.file(path) + "; ";
    }
    return text + "server { listen 127.0.0.1:8000; } }";
}

bool can_run() {
    if (!can_trace() || !have_programs({"/usr/sbin/runc"})) {
        return false;
    }
    if (nginx_binary().empty()) {
        WARN("SKIP: no /usr/sbin/nginx here");
        return false;
    }
    return TestCgroups::can_make();
}

std::string directory_of(const std::string& file) {
    return std::filesystem::canonical(file).parent_path();
}

struct Scene {
    TestNamespace ns;
    NetnsName name{ns};
    TestCgroups cgroups;
    TempDir dir;

    ContainerOptions options(const std::string& id, std::vector<std::string> argv) const {
        return {id,
                cgroups.root() + "/docker/" + id,
                ns.path(),
                std::move(argv),
                {dir.path(), directory_of(twtrace_binary()), directory_of(nginx_binary())}};
    }
};

std::vector<json> of_container(const std::vector<json>& events, const std::string& id) {
    std::vector<json> some;
    std::copy_if(events.begin(), events.end(), std::back_inserter(some), [&](const json& event) {
        return event.at("container") == id.substr(0, 12) && event.at("type") == "time_wait";
    });
    return some;
}

void await_listener(const TestNamespace& ns, Command& server) {
    await("nginx in the container", [&] {
        check(server.running(), "runc: " + server.err() + server.out());
        return !ns.run_in([]() -> std::string {
                      const std::string sockets = read_file("/proc/self/net/tcp");
                      return sockets.find(":1F40 00000000:0000 0A") == std::string::npos ? ""
                                                                                         : "yes";
                  }).empty();
    });
}

} // namespace

TEST_CASE("containers: twtrace on the host names the container that closes, and its namespace",
          "[containers]") {
    if (!can_run()) {
        return;
    }
    const Scene scene;
    write_file(scene.dir.file("nginx.conf"), server_configuration(scene.dir));
    Tracer tracer = trace_all(scene.ns);
    Container server(scene.options(server_id, {nginx_binary(), "-c", scene.dir.file("nginx.conf"),
                                               "-e", scene.dir.file("error.log")}));
    await_listener(scene.ns, server.command());
    Container client(scene.options(client_id, {"bash", "-c", client_script()}));
    CHECK(client.command().wait().exit_status == 0);
    await("the client's events",
          [&] { return of_container(parse_events(tracer.out()), client_id).size() == rounds; });
    const CommandResult result = tracer.stop();
    INFO(result.err << result.out);
    CHECK(of_container(parse_events(result.out), server_id).empty());
    const std::vector<json> events = parse_events(result.out);
    CHECK(events.size() == 2 * rounds);
    for (const json& event : events) {
        INFO(event.dump());
        const bool is_client = event.at("role") == "client";
        const std::string& id = is_client ? client_id : server_id;
        CHECK(event.at("type") == (is_client ? "time_wait" : "passive_close"));
        CHECK(event.at("comm") == (is_client ? "bash" : "nginx"));
        CHECK(event.at("container") == id.substr(0, 12));
        CHECK(event.at("service") == id.substr(0, 12));
        CHECK(event.at("netns_name") == scene.name.name());
        CHECK(event.at("pid").get<int>() > 1); // in the container it is 1
    }
}

TEST_CASE("containers: names from the files below --root; hostile files give no name",
          "[containers]") {
    if (!can_run()) {
        return;
    }
    const Scene scene;
    const std::string places = scene.dir.file("host/var/lib/docker/containers/");
    std::filesystem::create_directories(places + server_id);
    std::filesystem::create_directories(places + client_id);
    write_file(places + client_id + "/config.v2.json", R"({"Name":"/web-client-1","Config":{
        "Labels":{"com.docker.compose.project":"web","com.docker.compose.service":"client"}}})");
    SECTION("huge") {
        write_file(places + server_id + "/config.v2.json",
                   R"({"Name":"/lie","x":")" + std::string(64 << 20, 'x') + "\"}");
    }
    SECTION("deep") {
        write_file(places + server_id + "/config.v2.json",
                   R"({"Name":"/lie","x":)" + std::string(500'000, '['));
    }
    SECTION("a link out of it") {
        write_file(scene.dir.file("lie"), R"({"Name":"/lie"})");
        std::filesystem::create_symlink(scene.dir.file("lie"),
                                        places + server_id + "/config.v2.json");
    }
    SECTION("a FIFO that nobody writes to") {
        check_call(mkfifo((places + server_id + "/config.v2.json").c_str(), 0600), "mkfifo");
    }
    write_file(scene.dir.file("nginx.conf"), server_configuration(scene.dir));
    Tracer tracer = trace_all(scene.ns, {"--root", scene.dir.file("host")});
    Container server(scene.options(server_id, {nginx_binary(), "-c", scene.dir.file("nginx.conf"),
                                               "-e", scene.dir.file("error.log")}));
    await_listener(scene.ns, server.command());
    Container client(scene.options(client_id, {"bash", "-c", client_script()}));
    CHECK(client.command().wait().exit_status == 0);
    await("all events", [&] { return parse_events(tracer.out()).size() == 2 * rounds; });
    const CommandResult result = tracer.stop();
    CHECK(result.exit_status == 0);
    for (const json& event : parse_events(result.out)) {
        INFO(event.dump());
        const bool is_client = event.at("role") == "client";
        CHECK(event.at("service") == (is_client ? "web/client" : server_id.substr(0, 12)));
        CHECK(event.at("container") == (is_client ? client_id : server_id).substr(0, 12));
        CHECK(event.at("container_name") == (is_client ? json("web-client-1") : json(nullptr)));
    }
}

TEST_CASE("containers: inside a container, pids are the container's", "[containers]") {
    if (!can_run()) {
        return;
    }
    const Scene scene;
    write_file(scene.dir.file("nginx.conf"), server_configuration(scene.dir));
    Container server(scene.options(server_id, {nginx_binary(), "-c", scene.dir.file("nginx.conf"),
                                               "-e", scene.dir.file("error.log")}));
    await_listener(scene.ns, server.command());
    Container inside(scene.options(inside_id, {"bash", "-c", inside_script(scene.dir)}));
    await(
        "the client in it",
        [&] {
            check(inside.command().running(),
                  "runc: " + inside.command().err() + read_file(scene.dir.file("err")));
            return std::filesystem::exists(scene.dir.file("ready"));
        },
        program_bound);
    Container client(scene.options(client_id, {"bash", "-c", client_script()}));
    CHECK(client.command().wait().exit_status == 0);
    const auto of_server = [&] {
        const auto events =
            of_type(parse_events(read_whole_lines(scene.dir.file("out"))), "time_wait");
        return events.size() >= 2 * rounds;
    };
    await("the events of both", of_server);
    write_file(scene.dir.file("stop"), "");
    CHECK(inside.command().wait().exit_status == 0);
    const std::string err = read_file(scene.dir.file("err"));
    INFO(err);
    CHECK(err.find("pids are those of this namespace") != std::string::npos);
    const int own_pid = std::stoi(read_file(scene.dir.file("pid")));
    std::size_t own = 0;
    std::size_t unseen = 0;
    for (const json& event : parse_events(read_file(scene.dir.file("out")))) {
        INFO(event.dump());
        CHECK(event.at("comm") == "bash");
        CHECK((event.at("pid").is_null() || event.at("pid") == own_pid));
        CHECK(event.at("tid") == event.at("pid"));
        own += event.at("pid") == own_pid ? 1 : 0;
        unseen += event.at("pid").is_null() ? 1 : 0;
    }
    CHECK(own == rounds);
    CHECK(unseen == rounds); // closes of another container
}
