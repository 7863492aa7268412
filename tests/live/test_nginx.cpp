// A reverse proxy without upstream keep-alive is named as the closer, and the effect of the fix is
// visible.
#include <algorithm>

#include "catch2.h"
#include "match.h"
#include "nginx.h"
#include "tracer.h"
#include "witness.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr std::uint16_t front_port = 8000;
constexpr std::uint16_t back_port = 8001;
constexpr int requests = 300;

const std::string backend = "server { listen 127.0.0.1:8001; location / { return 200 ok; } }";

struct Scene {
    TestNamespace ns;
    Nginx back{ns, backend, back_port};
};

bool can_run() {
    if (!can_trace()) {
        return false;
    }
    if (nginx_binary().empty()) {
        WARN("SKIP: no /usr/sbin/nginx here");
        return false;
    }
    return true;
}

/// trace's time_wait events of the load, after a check that their sum equals the kernel's.
std::vector<json> traced_load(const TestNamespace& ns, std::uint16_t port, bool keep_alive) {
    const Witness witness;
    Tracer tracer({"trace", "-o", "json", "--netns", ns.path()});
    const KernelCounters before = ns.counters();
    http_load(ns, port, requests, keep_alive);
    // The proxy may still be closing the last answer's connection.
    await("the kernel's count is stable", [&, last = ns.counters().tw, same = 0]() mutable {
        const std::uint64_t now = ns.counters().tw;
        same = now == last ? same + 1 : 0;
        last = now;
        return same > 100;
    });
    const KernelCounters rise = ns.counters() - before;
    const CommandResult result = tracer.stop();
    INFO("stderr: " << result.err);
    CHECK(result.exit_status == 0);
    auto events = parse_events(result.out);
    require_equal_to_kernel(events, rise, witness.hidden_entries());
    return events;
}

std::ptrdiff_t count_of(const std::vector<json>& events, int pid, const std::string& role,
                        std::uint16_t remote_port) {
    return std::count_if(events.begin(), events.end(), [&](const json& event) {
        return event.at("pid") == pid && event.at("role") == role && event.at("comm") == "nginx" &&
               (remote_port == 0 || event.at("remote_port") == remote_port);
    });
}

} // namespace

TEST_CASE("nginx: without upstream keep-alive the proxy's worker closes every upstream connection",
          "[nginx]") {
    if (!can_run()) {
        return;
    }
    const Scene scene;
    const Nginx front(scene.ns, proxy_site(false), front_port);
    const auto events = traced_load(scene.ns, front_port, true);
    CHECK(count_of(events, front.worker_pid(), "client", back_port) == requests);
    CHECK(count_of(events, scene.back.worker_pid(), "server", 0) == 0);
}

TEST_CASE("nginx: with upstream keep-alive few connections are closed", "[nginx]") {
    if (!can_run()) {
        return;
    }
    const Scene scene;
    const Nginx front(scene.ns, proxy_site(true), front_port);
    const auto events = traced_load(scene.ns, front_port, true);
    CHECK(count_of(events, front.worker_pid(), "client", back_port) <= 2);
}

TEST_CASE("nginx: a server whose client sends Connection: close is named as the closer",
          "[nginx]") {
    if (!can_run()) {
        return;
    }
    const Scene scene;
    const auto events = traced_load(scene.ns, back_port, false);
    CHECK(count_of(events, scene.back.worker_pid(), "server", 0) == requests);
}

TEST_CASE("nginx: the summary groups by the worker, with its peer and port", "[nginx]") {
    if (!can_run()) {
        return;
    }
    const Scene scene;
    const Nginx front(scene.ns, proxy_site(false), front_port);
    Tracer tracer({"summary", "-o", "json", "--netns", scene.ns.path()});
    http_load(scene.ns, front_port, requests, true);
    const json summary = json::parse(tracer.stop().out);
    const json& first = summary.at("groups").at(0);
    INFO(first.dump());
    CHECK(first.at("pid") == front.worker_pid());
    CHECK(first.at("comm") == "nginx");
    CHECK(first.at("time_wait").get<int>() >= requests - 1);
    const json& peer = first.at("peers").at(0);
    CHECK(peer.at("remote_addr") == "127.0.0.1");
    CHECK(peer.at("service_port") == back_port);
    CHECK(peer.at("port_use").get<double>() > 0.0);
}
