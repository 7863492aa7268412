#include "catch2.h"

#include "scene.h"

using namespace twtrace;
using namespace twtrace::doctor;
using namespace twtrace::test;

TEST_CASE("doctor: a server that closes first, from 20 a second on") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Server, 199));
    CHECK_FALSE(finds(seen, "server-closes-first"));
    seen.flows.back() = flow_of(Role::Server, 200);
    seen.flows.back().passive_close = 200;
    Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "server-closes-first");
    REQUIRE(finding != nullptr);
    CHECK(finding->severity == Severity::Note);
    CHECK(says(*finding, "200 of 400 connections closed by the server (20/s)"));
    CHECK(says(*finding, "No local port is used up"));
    CHECK(find(findings, "connection-per-request") == nullptr);
    CHECK(find(findings, "ports-running-out") == nullptr);
    seen.flows.back().passive_close = 201; // its clients close more often
    CHECK_FALSE(finds(seen, "server-closes-first"));
}

TEST_CASE("doctor: a server's fix is for its client where that is known") {
    Observations seen = quiet_host();
    Flow server = flow_of(Role::Server, 1000);
    server.comm = "nginx";
    seen.flows.push_back(server);
    Findings findings = diagnose(seen);
    CHECK(says(*find(findings, "server-closes-first"), "\nkeepalive_timeout 75s;\n"));
    Flow client = flow_of(Role::Client, 0);
    client.remote = server.local;
    client.comm = client.service = "nginx";
    client.passive_close = 1000;
    seen.flows.push_back(client);
    findings = diagnose(seen);
    CHECK(says(*find(findings, "server-closes-first"), "its client is nginx"));
    CHECK(says(*find(findings, "server-closes-first"), "proxy_http_version 1.1;"));
}

TEST_CASE("doctor: the table of TIME_WAIT sockets: nearly full, and full") {
    Observations seen = quiet_host();
    settings(seen).max_tw_buckets = 1000;
    facts(seen).counts->time_wait = 899;
    CHECK_FALSE(finds(seen, "tw-buckets"));
    facts(seen).counts->time_wait = 900;
    Findings findings = diagnose(seen);
    REQUIRE(find(findings, "tw-buckets") != nullptr);
    CHECK(says(*find(findings, "tw-buckets"), "nearly full"));
    CHECK(says(*find(findings, "tw-buckets"), "\nsysctl -w net.ipv4.tcp_max_tw_buckets=2000\n"));

    facts(seen).counts->time_wait = 10;
    CHECK_FALSE(finds(seen, "tw-buckets"));
    facts(seen).overflow_rise = 1; // the kernel counted one
    CHECK(finds(seen, "tw-buckets"));
    facts(seen).overflow_rise = 0;
    seen.flows.push_back(flow_of(Role::Server, 1));
    seen.flows.back().overflows = 700; // seen as events: 70/s x 60 s x 1.5
    findings = diagnose(seen);
    REQUIRE(find(findings, "tw-buckets") != nullptr);
    INFO(text_of(*find(findings, "tw-buckets")));
    CHECK(says(*find(findings, "tw-buckets"), "700 connections were closed without TIME_WAIT"));
    CHECK(says(*find(findings, "tw-buckets"), "most come from shop.service (pid 42)"));
    CHECK(says(*find(findings, "tw-buckets"), "net.ipv4.tcp_max_tw_buckets=6309"));
}

TEST_CASE("doctor: no finding for a tiny table with a few sockets") {
    Observations seen = quiet_host();
    settings(seen).max_tw_buckets = 10;
    facts(seen).counts->time_wait = 10;
    CHECK_FALSE(finds(seen, "tw-buckets"));
}
