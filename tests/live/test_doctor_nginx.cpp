// A reverse proxy without upstream keep-alive gives a finding. With the doctor's remedy in its
// configuration there is no finding.
#include <memory>

#include "catch2.h"
#include "doctor.h"
#include "nginx.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr std::uint16_t front_port = 8000;
constexpr std::uint16_t back_port = 8001;
constexpr int requests = 300;

const std::string backend = "server { listen 127.0.0.1:8001; location / { return 200 ok; } }";

struct Configuration {
    std::string http;     ///< above the server block
    std::string location; ///< inside the location

    std::string text() const {
        return http + "\nserver { listen 127.0.0.1:8000; location / { " + location + " } }";
    }
};

/// A proxy that uses HTTP/1.1 without "Connection: close" closes its connections itself.
const Configuration closes_itself{"", "proxy_pass http://127.0.0.1:8001; proxy_http_version 1.1; "
                                      "proxy_set_header Connection \"\";"};
/// nginx's default: HTTP/1.0, so that the backend closes. The proxy closes too once it has the
/// whole body, and sometimes is first.
const Configuration lets_close{"", "proxy_pass http://127.0.0.1:8001;"};

/// The lines of the doctor's remedy, each in the place that its comment names.
Configuration apply(const json& finding) {
    return {offered_lines(finding, "in the http block"),
            offered_lines(finding, "in each location with proxy_pass")};
}

struct Scene {
    TestNamespace ns;
    Nginx back{ns, backend, back_port};
    std::unique_ptr<Nginx> front;

    void configure(const Configuration& configuration) {
        front.reset(); // ends before the next one binds the port
        front = std::make_unique<Nginx>(ns, configuration.text(), front_port);
    }
    Diagnosis under_load() {
        return diagnose(ns, [&] { http_load(ns, front_port, requests, true); });
    }
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

} // namespace

TEST_CASE("doctor: nginx without upstream keep-alive, and fixed by the doctor's remedy",
          "[doctor][nginx]") {
    if (!can_run()) {
        return;
    }
    Scene scene;
    scene.configure(closes_itself);
    const Diagnosis ill = scene.under_load();
    INFO(ill.ids());
    CHECK(ill.exit_status == 3);
    const json* finding = ill.finding("connection-per-request");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("service") == "nginx");
    CHECK(finding->at("pid") == scene.front->worker_pid());
    CHECK(finding->at("service_port") == back_port);
    CHECK(finding->at("numbers").at("time_wait").get<int>() >= requests - 2);
    scene.configure(apply(*finding));
    const Diagnosis well = scene.under_load();
    INFO(well.document.dump(2));
    CHECK(well.exit_status == 0);
    CHECK(well.document.at("totals").at("time_wait").get<int>() <= 3);
}

TEST_CASE(
    "doctor: nginx with default settings: the proxy gets the remedy, whichever side closes first",
    "[doctor][nginx]") {
    if (!can_run()) {
        return;
    }
    Scene scene;
    scene.configure(lets_close);
    const Diagnosis ill = scene.under_load();
    INFO(ill.ids());
    REQUIRE(ill.exit_status == 3);
    const json& finding = ill.document.at("findings").at(0);
    const bool server_won = finding.at("id") == "server-closes-first";
    CHECK((server_won || finding.at("id") == "connection-per-request"));
    CHECK(finding.at("pid") == (server_won ? scene.back.worker_pid() : scene.front->worker_pid()));
    CHECK(finding.at("service_port") == back_port);
    CHECK(ill.finding("ports-running-out") == nullptr);
    scene.configure(apply(finding));
    CHECK(scene.under_load().exit_status == 0);
}

TEST_CASE("doctor: a server whose clients send Connection: close, and one whose clients do not",
          "[doctor][nginx]") {
    if (!can_run()) {
        return;
    }
    Scene scene;
    const Diagnosis ill =
        diagnose(scene.ns, [&] { http_load(scene.ns, back_port, requests, false); });
    INFO(ill.ids());
    REQUIRE(ill.finding("server-closes-first") != nullptr);
    CHECK(ill.finding("server-closes-first")->at("pid") == scene.back.worker_pid());
    const Diagnosis well =
        diagnose(scene.ns, [&] { http_load(scene.ns, back_port, requests, true); });
    CHECK(well.exit_status == 0);
}
