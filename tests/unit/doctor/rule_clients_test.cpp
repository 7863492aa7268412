#include "catch2.h"

#include "scene.h"

using namespace twtrace;
using namespace twtrace::doctor;
using namespace twtrace::test;

TEST_CASE("doctor: a connection for each request, from 20 a second on") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 199));
    CHECK_FALSE(finds(seen, "connection-per-request"));
    seen.flows.back() = flow_of(Role::Client, 200);
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "connection-per-request");
    REQUIRE(finding != nullptr);
    CHECK(finding->severity == Severity::Warning);
    CHECK(says(*finding, "200 connections closed in 10.0 s (20/s), half of them within 1 ms"));
    CHECK(says(*finding, "to 10.0.0.2:80: 20/s"));
}

TEST_CASE("doctor: no finding for a high rate in a short run") {
    Observations seen = quiet_host();
    seen.seconds = 1;
    seen.flows.push_back(flow_of(Role::Client, 49));
    CHECK_FALSE(finds(seen, "connection-per-request"));
    seen.flows.back() = flow_of(Role::Client, 50);
    CHECK(finds(seen, "connection-per-request"));
}

TEST_CASE("doctor: long sessions are not requests") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 500));
    seen.flows.back().lifetimes = {};
    for (int index = 0; index < 500; ++index)
        seen.flows.back().lifetimes.add(1'100'000);
    CHECK_FALSE(finds(seen, "connection-per-request"));
    seen.flows.back().lifetimes = {}; // unknown lifetimes give no finding either
    CHECK_FALSE(finds(seen, "connection-per-request"));
}

TEST_CASE("doctor: a service's destinations add up, but a crawler's do not") {
    Observations seen = quiet_host();
    const auto talk = [&](int destinations, std::uint64_t each) {
        seen.flows.clear();
        for (int index = 0; index < destinations; ++index) {
            Flow flow = flow_of(Role::Client, each);
            flow.remote.bytes[3] = static_cast<std::uint8_t>(index + 1);
            seen.flows.push_back(flow);
        }
    };
    talk(20, 10);
    Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "connection-per-request");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "and 17 more"));
    talk(40, 9);
    CHECK_FALSE(finds(seen, "connection-per-request"));
}

TEST_CASE("doctor: a destination is listed once, however many source addresses there are") {
    Observations seen = quiet_host();
    for (std::uint8_t last = 1; last <= 3; ++last) {
        seen.flows.push_back(flow_of(Role::Client, 100));
        seen.flows.back().local.bytes[3] = last;
    }
    seen.flows.push_back(flow_of(Role::Client, 200));
    seen.flows.back().port = 81;
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "connection-per-request");
    REQUIRE(finding != nullptr);
    REQUIRE(finding->evidence.size() == 3);
    CHECK(finding->evidence[1] == "to 10.0.0.2:80: 30/s");
    CHECK(finding->evidence[2] == "to 10.0.0.2:81: 20/s");
    CHECK(finding->numbers[2].second == 2); // destinations
}

TEST_CASE("doctor: the remedy is for the program that has to change") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 5000));
    const auto fix = [&](std::string_view comm) {
        seen.flows.back().comm = comm;
        const Findings findings = diagnose(seen);
        return text_of(*find(findings, "connection-per-request"));
    };
    const auto contains = [](const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    };
    const std::string nginx = fix("nginx");
    CHECK(contains(nginx, "\nupstream keepalive_80 { server 10.0.0.2:80; keepalive 32; "
                          "keepalive_requests 10000; }\n"));
    CHECK(contains(nginx, "\nproxy_pass http://keepalive_80;\nproxy_http_version 1.1;\n"
                          "proxy_set_header Connection \"\";\n"));
    CHECK(contains(fix("haproxy"), "\nhttp-reuse always\n"));
    CHECK(contains(fix("python3"), "\nsession = requests.Session()\n"));
    CHECK(contains(fix("node"), "new http.Agent({ keepAlive: true })"));
    CHECK(contains(fix("shop"), "# shop.service: keep connections to 10.0.0.2:80 open"));
    seen.flows.back().program = "python3 /srv/shop.py";
    CHECK(contains(fix("shop.py"), "\nsession = requests.Session()\n"));
    seen.flows.back().program = "/srv/shop";
    seen.flows.back().language = "go";
    CHECK(contains(fix("shop"), "\nclient := &http.Client{Transport: transport}\n"));
}

TEST_CASE("doctor: ports that bind() picked, from 20 a second on") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 300));
    seen.flows.back().bound = 199;
    CHECK_FALSE(finds(seen, "port-bound-early"));
    seen.flows.back().bound = 200;
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "port-bound-early");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "200 of its 300 closes"));
    CHECK(says(*finding, "IP_BIND_ADDRESS_NO_PORT"));
}

TEST_CASE("doctor: health checks: regular, small, and together two a second") {
    Observations seen = quiet_host();
    const auto check = [&](int backends, std::uint64_t each, std::uint64_t bytes) {
        seen.flows.clear();
        for (int index = 0; index < backends; ++index) {
            Flow flow = flow_of(Role::Client, each, bytes);
            flow.remote.bytes[3] = static_cast<std::uint8_t>(index + 1);
            seen.flows.push_back(flow);
        }
        return finds(seen, "health-checks");
    };
    CHECK(check(4, 5, 0));
    CHECK(check(1, 20, 1000));
    CHECK_FALSE(check(1, 19, 1000)); // 1.9/s
    CHECK_FALSE(check(1, 20, 1001)); // a page
    CHECK_FALSE(check(10, 3, 0));    // too few of each to detect an interval
    CHECK_FALSE(check(1, 200, 0));   // a load, not a check
    check(1, 20, 0);
    Regularity burst; // regular, but ended
    for (std::uint64_t index = 0; index < 20; ++index)
        burst.add(1 + index * 200'000'000);
    seen.flows.back().regularity = burst;
    CHECK_FALSE(finds(seen, "health-checks"));
    Regularity chance; // in pairs, as users cause them
    for (std::uint64_t index = 0; index < 20; ++index)
        chance.add(1 + index / 2 * 1'000'000'000 + index % 2 * 1'000'000);
    seen.flows.back().regularity = chance;
    CHECK_FALSE(finds(seen, "health-checks"));
}

TEST_CASE("doctor: answered health checks are attributed to the client") {
    Observations seen = quiet_host();
    Flow visit = flow_of(Role::Server, 20, 100);
    visit.remote = address("10.0.0.9");
    seen.visits.push_back(visit);
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "health-checks");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "from 10.0.0.9: 2.0/s"));
    CHECK(says(*finding, "100 bytes each"));
}

TEST_CASE("doctor: resets as the usual close") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 100));
    seen.flows.back().local_resets = 199;
    CHECK_FALSE(finds(seen, "resets"));
    seen.flows.back().local_resets = 200;
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "resets");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "SO_LINGER"));
    CHECK(says(*finding, "200 of 300 closes (66.6 %)"));
    seen.flows.back().comm = "haproxy"; // closes idle connections
    const Findings of_haproxy = diagnose(seen);
    CHECK(says(*find(of_haproxy, "resets"), "\nhttp-reuse always\n"));
    seen.flows.back().comm = "nginx"; // leaves the close_notify of a TLS server unread
    const Findings of_nginx = diagnose(seen);
    CHECK(says(*find(of_nginx, "resets"), "close_notify"));
    CHECK_FALSE(says(*find(of_nginx, "resets"), "remove SO_LINGER 0"));
    seen.flows.back().passive_close = 101; // less than half
    CHECK_FALSE(finds(seen, "resets"));
}
