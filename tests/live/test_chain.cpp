// nginx in front of haproxy in front of redis: a summary of all of them attributes the closes to
// the right one.
#include <algorithm>

#include "catch2.h"
#include "nginx.h"
#include "programs.h"
#include "services.h"
#include "tracer.h"
#include "witness.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int requests = 200;

json summary_of(Tracer& tracer) {
    const CommandResult result = tracer.stop();
    INFO(result.err);
    CHECK(result.exit_status == 0);
    return json::parse(result.out);
}

/// The first group with entries into TIME_WAIT in this role.
json first_of(const json& summary, const std::string& role) {
    for (const json& group : summary.at("groups")) {
        if (group.at("role") == role && group.at("time_wait") > 0) {
            return group;
        }
    }
    return {};
}

void check_exact(const json& summary, std::uint64_t kernel, std::uint64_t hidden) {
    const json& accounting = summary.at("accounting");
    INFO(accounting.dump());
    CHECK(accounting.at("kernel") == kernel);
    CHECK(accounting.at("unaccounted").get<std::uint64_t>() <= hidden);
}

} // namespace

TEST_CASE("services: in a chain of services, every grouping of the summary names the right closer",
          "[services]") {
    if (!can_run_services({"/usr/sbin/haproxy", "/usr/bin/redis-server", "/usr/bin/redis-cli"})) {
        return;
    }
    const TestNamespace ns;
    TestCgroups cgroups;
    const TempDir nginx_dir;
    const TempDir haproxy_dir;
    const std::string id = "0123456789ab" + std::string(52, 'c');
    const Service redis(ns, cgroups.make("/system.slice/redis-server.service"),
                        redis_argv(6379, "0"), 6379);
    const Service haproxy(
        ns, cgroups.make("/system.slice/docker-" + id + ".scope"),
        haproxy_argv(haproxy_dir,
                     "listen web\n bind 127.0.0.1:8100\n http-request return status 200 "
                     "content-type text/plain string ok\n"
                     "listen redis\n mode tcp\n bind 127.0.0.1:6400\n"
                     " server s 127.0.0.1:6379\n"),
        6400);
    const Service nginx(
        ns, cgroups.make("/system.slice/nginx.service"),
        nginx_argv(nginx_dir,
                   "keepalive_requests 100000; server { listen 127.0.0.1:8000; location / "
                   "{ proxy_http_version 1.1; proxy_set_header Connection \"\"; "
                   "proxy_pass http://127.0.0.1:8100; } }"),
        8000);
    const auto by = [&](const char* grouping) {
        return Argv{"summary", "-o", "json", "-g", grouping, "--netns", ns.path()};
    };
    const Witness witness;
    Tracer by_service(by("service"));
    Tracer by_peer(by("peer"));
    Tracer by_listener(by("listener"));
    const KernelCounters before = ns.counters();
    http_load(ns, 8000, requests, true);
    run_client(ns, program("/usr/bin/redis-cli") + Argv{"-p", "6400", "-r", "3", "PING"});
    await_time_waits(ns, before, requests + 3);
    const std::uint64_t kernel = (ns.counters() - before).scheduled();
    const std::uint64_t hidden = witness.hidden_entries();

    const json services = summary_of(by_service);
    INFO(services.dump());
    check_exact(services, kernel, hidden);
    const json& first = services.at("groups").at(0);
    CHECK(first.at("service") == "nginx.service");
    CHECK(first.at("unit") == "nginx.service");
    CHECK(first.at("role") == "client");
    CHECK(first.at("time_wait").get<int>() >= requests - 1);
    CHECK(first.at("peers").at(0).at("service_port") == 8100);
    const json& groups = services.at("groups");
    CHECK(std::any_of(groups.begin(), groups.end(), [&](const json& group) {
        return group.at("container") == id.substr(0, 12) && group.at("role") == "server" &&
               group.at("passive_close").get<int>() >= requests - 1;
    }));

    // By peer: the peers whose connections are closed on this side.
    const json peers = summary_of(by_peer);
    check_exact(peers, kernel, hidden);
    CHECK(first_of(peers, "client").at("service_port") == 8100);
    CHECK(first_of(peers, "client").at("service") == "nginx.service");
    // By listener: none closes its clients' connections; haproxy's peers close first.
    const json listeners = summary_of(by_listener);
    check_exact(listeners, kernel, hidden);
    CHECK(first_of(listeners, "server").is_null());
}
