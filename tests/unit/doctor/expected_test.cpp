#include "catch2.h"

#include "doctor/expected.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::doctor;

namespace {

// 100 connections a second to one peer for ten seconds, five milliseconds each.
whatif::ConnectionLog log_of_client() {
    whatif::ConnectionLog log;
    for (std::uint64_t at = 0; at < 1000; ++at) {
        Event event = test::client_v4();
        event.established_ns = 1'000'000'000 + at * 10'000'000;
        event.fin_wait1_ns = event.established_ns + 5'000'000;
        event.time_ns = event.fin_wait1_ns + 1000;
        log.add(event);
    }
    return log;
}

Observations observed() {
    Observations seen;
    seen.seconds = 10;
    NetSettings settings;
    settings.ephemeral = {32768, 60999};
    settings.tw_reuse = 0;
    seen.namespaces[test::client_v4().netns].settings = settings;
    return seen;
}

Finding finding(std::string_view id) {
    Finding one;
    one.id = id;
    one.service = "nginx.service";
    one.remote = test::client_v4().remote;
    one.service_port = test::client_v4().remote_port;
    if (id == "ports-running-out")
        one.fix = {"sysctl -w net.ipv4.tcp_tw_reuse=1",
                   "sysctl -w net.ipv4.ip_local_port_range=\"10240 65535\""};
    return one;
}

} // namespace

TEST_CASE("doctor: the effect of keep-alive is given in numbers", "[doctor][whatif]") {
    Findings findings{finding("connection-per-request"), finding("ports-running-out"),
                      finding("resets")};
    add_expected(observed(), log_of_client(), 10, findings);
    REQUIRE(findings[0].expected.size() == 1);
    CHECK(findings[0].expected[0].find(
              "closes 100/s -> about 0/s, ports taken and not reusable, at this "
              "rate, 21 % -> "
              "under 1 %") != std::string::npos);
    REQUIRE(findings[1].expected.size() == 2);
    CHECK(findings[1].expected[0].find(
              "tcp_tw_reuse=1: ports taken and not reusable, at this rate, 21 % -> under 1 %") !=
          std::string::npos);
    CHECK(findings[2].expected.empty());
}

TEST_CASE("doctor: nothing is expected of a remedy whose service was not seen",
          "[doctor][whatif]") {
    Findings findings{finding("connection-per-request")};
    findings[0].service = "another";
    add_expected(observed(), log_of_client(), 10, findings);
    CHECK(findings[0].expected.empty());
}

TEST_CASE("doctor: the finding with the largest gain comes first", "[doctor][whatif]") {
    Findings findings{finding("tw-reuse-off"), finding("resets"),
                      finding("connection-per-request")};
    findings[1].weight = 1000;
    add_expected(observed(), log_of_client(), 10, findings);
    CHECK(findings[0].id == "connection-per-request"); // saves closes, handshakes and ports
    CHECK(findings[1].id == "tw-reuse-off");           // frees ports
    CHECK(findings[2].id == "resets");
    CHECK(findings[0].gain > findings[1].gain);
    findings[2].severity = Severity::Critical;
    put_in_order(findings);
    CHECK(findings[0].id == "resets");
}

TEST_CASE("doctor: the best of several remedies comes first", "[doctor][whatif]") {
    Findings findings{finding("ports-running-out")};
    Observations seen = observed();
    seen.namespaces.begin()->second.settings->timestamps = 0; // so tcp_tw_reuse has no effect
    add_expected(seen, log_of_client(), 10, findings);
    REQUIRE(findings[0].expected.size() == 2);
    CHECK(findings[0].expected[0].find("ip_local_port_range") == 0);
    CHECK(findings[0].expected[1].find("no effect here") != std::string::npos);
    CHECK(findings[0].gain > 0);
}

TEST_CASE("doctor: a remedy that would do nothing is named as such", "[doctor][whatif]") {
    Findings findings{finding("tw-reuse-off")};
    Observations seen = observed();
    seen.namespaces.begin()->second.settings->timestamps = 0;
    add_expected(seen, log_of_client(), 10, findings);
    REQUIRE(findings[0].expected.size() == 1);
    CHECK(findings[0].expected[0] ==
          "net.ipv4.tcp_tw_reuse=1: no effect here: these connections have no TCP timestamps");
    CHECK(findings[0].gain == 0);
}

TEST_CASE("doctor: the effect is that of the range that is proposed, less reserved ports",
          "[doctor][whatif]") {
    Findings findings{finding("ports-running-out")};
    Observations seen = observed();
    NamespaceFacts& facts = seen.namespaces.begin()->second;
    facts.settings->ephemeral = {40'000, 49'999}; // 6,005 of them stay taken: 60 %
    for (std::uint32_t port = 50'000; port < 60'999; ++port)
        facts.listeners.push_back(static_cast<std::uint16_t>(port));
    add_expected(seen, log_of_client(), 10, findings);
    REQUIRE(findings[0].expected.size() == 2);
    CHECK(findings[0].expected[1].find("ip_local_port_range 32768 60999: ports taken and not "
                                       "reusable, at this rate, 60 % -> 35 %") == 0);
}

TEST_CASE("doctor: no effect is given for a setting that is not proposed", "[doctor][whatif]") {
    Findings findings{finding("ports-running-out")};
    findings[0].fix = {"int one = 1;"};
    add_expected(observed(), log_of_client(), 10, findings);
    CHECK(findings[0].expected.empty());
}
