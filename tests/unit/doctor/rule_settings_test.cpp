#include "catch2.h"

#include "scene.h"

using namespace twtrace;
using namespace twtrace::doctor;
using namespace twtrace::test;

TEST_CASE("doctor: a range over ports that services listen on") {
    Observations seen = quiet_host();
    facts(seen).listeners = {22, 3306, 8080, 33'000, 40'000};
    CHECK(diagnose(seen).empty()); // in the range, but not where the kernel chooses
    settings(seen).ephemeral = {8081, 60'999};
    CHECK(diagnose(seen).empty());
    settings(seen).ephemeral = {1024, 60'999};
    settings(seen).reserved.insert(9000);
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "range-overlaps");
    REQUIRE(finding != nullptr);
    CHECK(finding->severity == Severity::Note);
    CHECK(says(*finding, "the range is 1024 to 60999; ports with a listener in it: 3306, 8080"));
    CHECK(says(*finding, "\nsysctl -w net.ipv4.ip_local_reserved_ports=3306,8080,9000\n"));
    settings(seen).reserved.insert(3306);
    settings(seen).reserved.insert(8080);
    CHECK(diagnose(seen).empty());
}

TEST_CASE("doctor: a narrow range is a finding for a busy client") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 240)); // 24/s x 60 s = 1440
    settings(seen).ephemeral = {40'000, 54'115};
    CHECK_FALSE(finds(seen, "narrow-range")); // 14,116 ports
    settings(seen).ephemeral = {40'000, 54'114};
    CHECK(finds(seen, "narrow-range"));
    seen.flows.back() = flow_of(Role::Client, 230); // 1380: less than a tenth
    CHECK_FALSE(finds(seen, "narrow-range"));
    settings(seen).ephemeral = {40'000, 41'999};
    CHECK(finds(seen, "narrow-range"));
    seen.flows.back() = flow_of(Role::Server, 5000);
    CHECK_FALSE(finds(seen, "narrow-range"));
}

TEST_CASE("doctor: the range that is proposed has more ports, and spares those of services") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 5000));
    settings(seen).ephemeral = {20'000, 23'000};
    facts(seen).listeners = {22'000, 57'000};
    Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "narrow-range");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "\nsysctl -w net.ipv4.ip_local_reserved_ports=57000\n"));
    CHECK_FALSE(says(*finding, "not known here"));
    facts(seen).listeners = {}; // as in an old recording
    facts(seen).listeners_known = false;
    findings = diagnose(seen);
    finding = find(findings, "narrow-range");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "\n# the ports that services listen on are not known here: reserve them "
                         "first (net.ipv4.ip_local_reserved_ports)\nsysctl -w "));
    settings(seen).ephemeral = {1024, 65'535};
    for (std::uint16_t port = 1024; port < 55'001; ++port)
        settings(seen).reserved.insert(port);
    findings = diagnose(seen);
    finding = find(findings, "narrow-range");
    REQUIRE(finding != nullptr);
    CHECK_FALSE(says(*finding, "sysctl -w")); // 32768 to 60999 would leave 5,999
    CHECK(says(*finding, "# the reserved ports leave few"));
}

TEST_CASE("doctor: tcp_fin_timeout is not the length of TIME_WAIT") {
    Observations seen = quiet_host();
    settings(seen).fin_timeout_s = 15;
    CHECK(diagnose(seen).empty()); // no server is affected
    seen.flows.push_back(flow_of(Role::Server, 200));
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "fin-timeout");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "tcp_fin_timeout=15 does not shorten TIME_WAIT"));
    CHECK(says(*finding, "sysctl -w net.ipv4.tcp_fin_timeout=60"));
    seen.flows.push_back(flow_of(Role::Client, 100)); // whose ports it frees
    seen.flows.back().fin_wait2 = 10;
    const Findings with_clients = diagnose(seen);
    REQUIRE(find(with_clients, "fin-timeout") != nullptr);
    CHECK_FALSE(says(*find(with_clients, "fin-timeout"), "sysctl"));
    seen.flows.back().fin_wait2 = 0;
    facts(seen).ports.push_back(ports_of(100));
    facts(seen).ports.back().fin_wait2 = 10;
    const Findings of_sockets = diagnose(seen);
    CHECK_FALSE(says(*find(of_sockets, "fin-timeout"), "sysctl"));
    settings(seen).fin_timeout_s = 60;
    CHECK_FALSE(finds(seen, "fin-timeout"));
}

TEST_CASE("doctor: tcp_tw_recycle and missing timestamps") {
    Observations seen = quiet_host();
    settings(seen).tw_recycle = 0;
    CHECK_FALSE(finds(seen, "tw-recycle"));
    settings(seen).tw_recycle = 1;
    CHECK(finds(seen, "tw-recycle"));
    settings(seen).tw_recycle.reset();

    seen.flows.push_back(flow_of(Role::Client, 200));
    settings(seen).tw_reuse = 1;
    CHECK_FALSE(finds(seen, "tw-reuse-without-timestamps"));
    settings(seen).timestamps = 0;
    CHECK(finds(seen, "tw-reuse-without-timestamps"));
}

TEST_CASE("doctor: unknown values give no finding") {
    Observations seen = quiet_host();
    facts(seen).settings.reset();
    facts(seen).listeners = {8080};
    seen.flows.push_back(flow_of(Role::Client, 100'000));
    const Findings findings = diagnose(seen);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().id == "connection-per-request"); // the finding from events
}

TEST_CASE("doctor: a full conntrack table, and a time that is proposed only if it is shorter") {
    constexpr std::string_view shorter =
        "\nsysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=60\n";
    Observations seen = quiet_host();
    facts(seen).conntrack.emplace();
    facts(seen).conntrack->entries = 9000;
    facts(seen).conntrack->max_entries = 10'000;
    facts(seen).conntrack->time_wait_s = 120;
    Findings findings = diagnose(seen);
    REQUIRE(findings.size() == 1);
    CHECK(says(findings.front(), "stays in it for 120 s (nf_conntrack_tcp_timeout_time_wait)"));
    CHECK(says(findings.front(), shorter));
    CHECK_FALSE(says(findings.front(), "compare first"));
    for (const std::uint64_t time_wait_s : {30U, 60U}) {
        facts(seen).conntrack->time_wait_s = time_wait_s;
        findings = diagnose(seen);
        REQUIRE(findings.size() == 1);
        CHECK(says(findings.front(), "for " + std::to_string(time_wait_s) + " s"));
        CHECK_FALSE(says(findings.front(), shorter));
    }
    facts(seen).conntrack->time_wait_s.reset(); // a recording of an older version
    findings = diagnose(seen);
    REQUIRE(findings.size() == 1);
    CHECK_FALSE(says(findings.front(), " 120 s"));
    CHECK(says(findings.front(), "shows more than 60: compare first" + std::string(shorter)));
}

TEST_CASE("doctor: conntrack that refuses connections, and that is full") {
    Observations seen = quiet_host();
    facts(seen).conntrack.emplace();
    facts(seen).conntrack->entries = 9000;
    facts(seen).conntrack->max_entries = 262'144;
    facts(seen).conntrack_failed = 4; // a few pairs of DNS queries
    CHECK(diagnose(seen).empty());
    facts(seen).conntrack_failed = 50;
    Findings findings = diagnose(seen);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().id == "snat-ports");
    CHECK(findings.front().severity == Severity::Warning); // DNS alone can do this
    CHECK(says(findings.front(), "perhaps source ports of SNAT run out"));
    CHECK(says(findings.front(), "pairs of DNS queries"));
    CHECK_FALSE(says(findings.front(), "120 s"));
    CHECK(says(findings.front(), "rose by 50 in 10.0 s"));
    facts(seen).conntrack_failed = 0;
    facts(seen).conntrack->max_entries = 10'000;
    findings = diagnose(seen);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().id == "conntrack-full");
    CHECK(says(findings.front(), "sysctl -w net.netfilter.nf_conntrack_max=20000"));
}
