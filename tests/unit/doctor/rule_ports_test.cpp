#include "catch2.h"

#include "doctor/destination.h"
#include "scene.h"

using namespace twtrace;
using namespace twtrace::doctor;
using namespace twtrace::test;

TEST_CASE("doctor: nothing is found on a quiet host") {
    Observations seen = quiet_host();
    CHECK(diagnose(seen).empty());
    // Small numbers: cron, a package manager, monitoring.
    seen.flows.push_back(flow_of(Role::Client, 19));
    seen.flows.push_back(flow_of(Role::Server, 15));
    seen.flows.back().local_resets = 3;
    facts(seen).ports.push_back(ports_of(120, 40));
    CHECK(diagnose(seen).empty());
}

TEST_CASE("doctor: one connect() without a free port is a finding, with its process and the ports "
          "taken") {
    Observations seen = quiet_host();
    Flow flow = flow_of(Role::Client, 4700);
    facts(seen).ports.push_back(ports_of(28'000, 232));
    seen.flows.push_back(flow);
    CHECK_FALSE(finds(seen, "no-free-port"));
    seen.flows.back().no_port = 1;
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "no-free-port");
    REQUIRE(finding != nullptr);
    CHECK(&findings.front() == finding);
    CHECK(finding->severity == Severity::Critical);
    INFO(text_of(*finding));
    CHECK(says(*finding, "shop.service (pid 42): 1 connects failed with EADDRNOTAVAIL"));
    CHECK(says(*finding, "28,232 of 28,232 local ports (100 %) from 10.0.0.1 to 10.0.0.2:80"));
    CHECK(says(*finding, "28,000 by TIME_WAIT, 232 open"));
    CHECK(says(*finding, "\nsysctl -w net.ipv4.tcp_tw_reuse=1\n"));
    CHECK(finding->pid == 42U);
    CHECK(finding->remote == address("10.0.0.2"));
    CHECK(finding->service_port == 80);
    CHECK(find(findings, "ports-running-out") == nullptr); // reported once
    CHECK(find(findings, "tw-reuse-off") == nullptr);
}

TEST_CASE("doctor: failing connects are found where settings and ports are not known, too") {
    Observations seen;
    seen.seconds = 10;
    seen.flows.push_back(flow_of(Role::Client, 0));
    seen.flows.back().no_port = 3;
    const Findings findings = diagnose(seen);
    REQUIRE(findings.size() == 1);
    CHECK(says(findings.front(), "connect() to 10.0.0.2:80 fails"));
    CHECK_FALSE(says(findings.front(), "sysctl"));
}

TEST_CASE("doctor: half of the ports are taken, and a service continues to close") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 471)); // slow: 47.1/s x 60 s = 10 %
    facts(seen).ports.push_back(ports_of(14'115));
    CHECK_FALSE(finds(seen, "ports-running-out"));
    facts(seen).ports.back() = ports_of(14'116);
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "ports-running-out");
    REQUIRE(finding != nullptr);
    CHECK(finding->severity == Severity::Critical);
    CHECK(says(*finding, "connect() is slow"));
    CHECK(says(*finding, "14,116 of 28,232 local ports (50 %)"));
    seen.flows.back() = flow_of(Role::Client, 470); // fixed recently, and the sockets expire
    CHECK_FALSE(finds(seen, "ports-running-out"));
}

TEST_CASE("doctor: a rate that fills half of the ports, with the time that is left") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 2350)); // 235/s x 60 s = 14,100
    facts(seen).ports.push_back(ports_of(3000));
    CHECK_FALSE(finds(seen, "ports-running-out"));
    seen.flows.back() = flow_of(Role::Client, 4800);
    facts(seen).ports.back().held_before = 500; // 250/s: (14,116 - 3000) / 250
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "ports-running-out");
    REQUIRE(finding != nullptr);
    INFO(text_of(*finding));
    CHECK(finding->severity == Severity::Critical);
    CHECK(says(*finding, "480/s of them into TIME_WAIT; at this rate half are taken in 44 s, all "
                         "in 101 s"));
    CHECK(finding->service == "shop.service");
    facts(seen).ports.back().held_before = 2000; // 100/s: 111 s are enough time
    CHECK(find(diagnose(seen), "ports-running-out")->severity == Severity::Warning);
}

TEST_CASE("doctor: the rate of a burst in a moment is not extrapolated") {
    Observations seen = quiet_host();
    seen.seconds = seen.between_counts_s = 0.02;
    seen.flows.push_back(flow_of(Role::Client, 301)); // 15,000/s
    facts(seen).ports.push_back(ports_of(301));
    CHECK_FALSE(finds(seen, "ports-running-out"));
    seen.seconds = seen.between_counts_s = 1;
    CHECK(finds(seen, "ports-running-out"));
}

TEST_CASE("doctor: ports that connect() may take over are not taken") {
    Observations seen = quiet_host();
    settings(seen).tw_reuse = 1;
    seen.flows.push_back(flow_of(Role::Client, 10'000)); // 1000/s stay for one second
    facts(seen).ports.push_back(ports_of(28'000));
    facts(seen).ports.back().reusable = 27'000;
    CHECK_FALSE(finds(seen, "ports-running-out"));
    settings(seen).timestamps = 0; // required for tcp_tw_reuse
    facts(seen).ports.back().reusable = 0;
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "ports-running-out");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "sysctl -w net.ipv4.tcp_timestamps=1"));
    CHECK(find(findings, "tw-reuse-without-timestamps") != nullptr);
}

TEST_CASE("doctor: open connections that take the ports are said to be open") {
    Observations seen = quiet_host();
    facts(seen).ports.push_back(ports_of(100, 20'000));
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "ports-running-out");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "100 by TIME_WAIT, 20,000 open"));
    CHECK(says(*finding, "ss -tnp dst 10.0.0.2:80"));
    CHECK_FALSE(says(*finding, "tcp_tw_reuse"));
}

TEST_CASE("doctor: ports of a past burst become free without a change") {
    Observations seen = quiet_host();
    facts(seen).ports.push_back(ports_of(25'408)); // 89.99 %
    CHECK(diagnose(seen).empty());
    facts(seen).ports.back() = ports_of(25'409);
    const Findings findings = diagnose(seen);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().severity == Severity::Note);
    CHECK(says(findings.front(), "become free again"));
}

TEST_CASE("doctor: reserved ports are not available") {
    Observations seen = quiet_host();
    for (std::uint32_t port = 32768; port < 32768 + 14'116; ++port)
        settings(seen).reserved.insert(static_cast<std::uint16_t>(port));
    seen.flows.push_back(flow_of(Role::Client, 400));
    facts(seen).ports.push_back(ports_of(7058));
    CHECK(finds(seen, "ports-running-out"));
    facts(seen).ports.back() = ports_of(7057);
    CHECK_FALSE(finds(seen, "ports-running-out"));
}

TEST_CASE(
    "doctor: commands for another namespace run in it and reserve the ports of its services") {
    Observations seen = quiet_host();
    facts(seen).enter = "nsenter -t 17 -n ";
    facts(seen).name = "blue";
    facts(seen).listeners = {80, 10'240, 10'241, 15'000, 40'000};
    settings(seen).reserved.insert(8080);
    seen.flows.push_back(flow_of(Role::Client, 1000));
    facts(seen).ports.push_back(ports_of(20'000));
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "ports-running-out");
    REQUIRE(finding != nullptr);
    INFO(text_of(*finding));
    CHECK(says(*finding, "(netns blue)"));
    CHECK(says(*finding, "\nnsenter -t 17 -n sysctl -w net.ipv4.tcp_tw_reuse=1\n"));
    CHECK(says(*finding, "\nnsenter -t 17 -n sysctl -w "
                         "net.ipv4.ip_local_reserved_ports=8080,10240-10241,15000\n"));
    CHECK(says(*finding, "\nnsenter -t 17 -n sysctl -w net.ipv4.ip_local_port_range=\"10240 "
                         "65535\"\n"));
    settings(seen).ephemeral = {50'000, 50'199}; // of a narrow range: back to the default first
    facts(seen).ports.back() = ports_of(150);
    const Findings narrow = diagnose(seen);
    INFO(text_of(*find(narrow, "ports-running-out")));
    CHECK(says(*find(narrow, "ports-running-out"), "ip_local_port_range=\"32768 60999\"\n"));
    CHECK(says(*find(narrow, "ports-running-out"), "ip_local_reserved_ports=8080,40000\n"));
}

TEST_CASE("doctor: without the peer's FIN, a port is held for tcp_fin_timeout") {
    Observations seen = quiet_host();
    seen.seconds = seen.between_counts_s = 8;
    settings(seen).ephemeral = {40'000, 40'999};
    settings(seen).fin_timeout_s = 5;
    seen.flows.push_back(flow_of(Role::Client, 200)); // 25/s, of which 125 are left
    seen.flows.back().fin_wait2 = 200;
    facts(seen).ports.push_back(ports_of(125));
    facts(seen).ports.back().fin_wait2 = 125;
    CHECK(destinations(seen).at(0).hold_s == Approx(5));
    CHECK(destinations(seen).at(0).forecast_share == Approx(0.125));
    for (const char* id : {"ports-running-out", "tw-reuse-off", "fin-timeout"})
        CHECK_FALSE(finds(seen, id));
    facts(seen).ports.back() = ports_of(200); // the FINs came late: TIME_WAIT
    CHECK(destinations(seen).at(0).hold_s == Approx(60));
    CHECK(finds(seen, "ports-running-out"));
    facts(seen).ports.clear(); // not counted: too few sockets
    CHECK(destinations(seen).at(0).hold_s == Approx(5));
    settings(seen).fin_timeout_s.reset();
    CHECK(destinations(seen).at(0).hold_s == Approx(60));
    settings(seen).fin_timeout_s = 120; // then the full socket is there for the first minute
    CHECK(destinations(seen).at(0).hold_s == Approx(60));
}

TEST_CASE("doctor: tcp_tw_reuse is not suggested for ports in FIN_WAIT2") {
    Observations seen = quiet_host();
    settings(seen).ephemeral = {40'000, 40'999};
    seen.flows.push_back(flow_of(Role::Client, 200));
    seen.flows.back().fin_wait2 = 200;
    facts(seen).ports.push_back(ports_of(700));
    facts(seen).ports.back().fin_wait2 = 600;
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "ports-running-out");
    REQUIRE(finding != nullptr);
    INFO(text_of(*finding));
    CHECK(says(*finding, "700 by TIME_WAIT (600 of them in FIN_WAIT2), 0 open"));
    CHECK(says(*finding, "# most are in FIN_WAIT2, until 10.0.0.2:80 closes its side"));
    CHECK_FALSE(says(*finding, "tcp_tw_reuse"));
    CHECK(says(*finding, "ip_local_port_range="));
    settings(seen).tw_reuse = 1; // it does not shorten FIN_WAIT2
    CHECK(destinations(seen).at(0).hold_s == Approx(60));
    CHECK(finds(seen, "ports-running-out"));
    settings(seen).tw_reuse = 2;
    settings(seen).ephemeral = {32'768, 60'999};
    seen.flows.back() = flow_of(Role::Client, 1200);
    seen.flows.back().fin_wait2 = 1200;
    facts(seen).ports.back() = ports_of(1200);
    facts(seen).ports.back().fin_wait2 = 1200;
    CHECK_FALSE(finds(seen, "tw-reuse-off"));
}

TEST_CASE("doctor: tcp_tw_reuse is suggested from a quarter of the ports on") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 1170)); // 117/s x 60 s = 7020 of 28,232
    CHECK_FALSE(finds(seen, "tw-reuse-off"));
    seen.flows.back() = flow_of(Role::Client, 1180);
    Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "tw-reuse-off");
    REQUIRE(finding != nullptr);
    CHECK(says(*finding, "tcp_tw_reuse=2"));
    CHECK(says(*finding, "on loopback only"));
    settings(seen).tw_reuse = 0;
    CHECK(finds(seen, "tw-reuse-off"));
    settings(seen).tw_reuse = 1;
    CHECK_FALSE(finds(seen, "tw-reuse-off"));
    settings(seen).tw_reuse = 2; // enables it on loopback
    seen.flows.back().local = seen.flows.back().remote = address("127.0.0.1");
    CHECK_FALSE(finds(seen, "tw-reuse-off"));
    settings(seen).tw_reuse = 0;
    CHECK(finds(seen, "tw-reuse-off"));
    seen.flows.back().role = Role::Server; // the setting applies to connect() only
    CHECK_FALSE(finds(seen, "tw-reuse-off"));
}

TEST_CASE("doctor: ports that bind() took, over all destinations together") {
    Observations seen = quiet_host();
    settings(seen).ephemeral = {40000, 40099};
    facts(seen).addresses = {{address("10.0.0.1"), 100, 100}};
    facts(seen).destinations = 10;
    Findings findings;
    judge_bound_range(seen, findings);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().severity == Severity::Critical);
    facts(seen).addresses[0].sockets = 150; // connect() used some of them for several destinations
    findings.clear();
    judge_bound_range(seen, findings);
    CHECK(findings.empty());
    seen.flows.push_back(flow_of(Role::Client, 60)); // but a process was seen to bind()
    seen.flows.back().bound = 60;
    seen.bound_ports[{netns, address("10.0.0.1")}] = 60;
    judge_bound_range(seen, findings);
    REQUIRE(findings.size() == 1);
    CHECK(says(findings.front(), "bind() has taken all local ports"));
    CHECK(says(findings.front(), "IP_BIND_ADDRESS_NO_PORT"));
    CHECK(findings.front().pid == 42U);
    findings.clear();
    seen.flows.back().bound = 0; // the program chose them itself
    seen.flows.back().chosen = 60;
    seen.bound_ports.clear();
    facts(seen).addresses[0].sockets = 100;
    judge_bound_range(seen, findings);
    CHECK(findings.empty());
}

TEST_CASE("doctor: bind() takes the ports of its local address only; the worst is shown") {
    Observations seen = quiet_host();
    settings(seen).ephemeral = {40'000, 40'999};
    facts(seen).destinations = 30;
    for (std::uint8_t last = 1; last <= 10; ++last) { // 4/s each: 240 ports stay taken
        seen.flows.push_back(flow_of(Role::Client, 40));
        Flow& flow = seen.flows.back();
        flow.local.bytes[3] = last;
        flow.bound = 40;
        seen.bound_ports[{netns, flow.local}] = 40;
        facts(seen).addresses.push_back({flow.local, 240, 240});
    }
    Findings findings;
    judge_bound_range(seen, findings);
    CHECK(findings.empty()); // although all addresses together have 2,400
    seen.flows[6].bound = seen.flows[6].time_wait = 100;
    seen.bound_ports[{netns, address("10.0.0.7")}] = 100;
    facts(seen).addresses[6].distinct = 600;
    judge_bound_range(seen, findings);
    REQUIRE(findings.size() == 1);
    CHECK(says(findings.front(), "600 of 1,000 local ports (60 %) of 10.0.0.7 are taken"));
    facts(seen).addresses[6].distinct = 950;
    findings.clear();
    seen.flows[6].bound = 50;
    seen.bound_ports[{netns, address("10.0.0.7")}] = 50;
    facts(seen).addresses[6].sockets = 3000; // connect() took most
    judge_bound_range(seen, findings);
    CHECK(findings.empty());
}

TEST_CASE("doctor: ports of an old recording are of all local addresses together") {
    Observations seen = quiet_host();
    settings(seen).ephemeral = {40'000, 40'999};
    facts(seen).addresses = {{Address(), 970, 970}};
    facts(seen).ports = {ports_of(300), ports_of(300)};
    facts(seen).ports[1].port = 81;
    Findings findings;
    judge_bound_range(seen, findings);
    REQUIRE(findings.size() == 1);
    CHECK(says(findings.front(), "970 of 1,000 local ports (97 %) of 10.0.0.1"));
    facts(seen).ports[1].local.bytes[3] = 9;
    findings.clear();
    judge_bound_range(seen, findings);
    CHECK(findings.empty());
}

TEST_CASE("doctor: a warning before bind() uses up the ports") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 2400)); // 240/s x 60 s = 14,400 of 28,232
    seen.flows.back().bound = 2400;
    seen.bound_ports[{netns, address("10.0.0.1")}] = 2400;
    facts(seen).addresses = {{address("10.0.0.1"), 2500, 9000}};
    Findings findings;
    judge_bound_range(seen, findings);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().severity == Severity::Warning);
    CHECK(says(findings.front(), "2,500 of 28,232 local ports (8.8 %) of 10.0.0.1 are taken"));
    seen.flows.back().bound = 2000;
    findings.clear();
    judge_bound_range(seen, findings);
    CHECK(findings.empty());
}

TEST_CASE("doctor: a chosen source port that is taken is not an exhausted range") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 0));
    seen.flows.back().port_taken = 200;
    seen.flows.back().last_port = 44'052;
    const Findings findings = diagnose(seen);
    REQUIRE(findings.size() == 1);
    const Finding& finding = findings.front();
    CHECK(finding.id == "chosen-port-taken");
    CHECK(finding.severity == Severity::Critical);
    CHECK(says(finding, "200 connects failed with EADDRNOTAVAIL in 10.0 s; the last one had source "
                        "port 44052"));
    CHECK_FALSE(says(finding, "sysctl"));
    CHECK_FALSE(says(finding, "IP_BIND_ADDRESS_NO_PORT"));
}

TEST_CASE("doctor: a socket's own range does not depend on ip_local_port_range") {
    Observations seen = quiet_host();
    seen.flows.push_back(flow_of(Role::Client, 0));
    seen.flows.back().own_range = 3;
    const Findings findings = diagnose(seen);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().id == "own-range-used-up");
    CHECK(says(findings.front(), "IP_LOCAL_PORT_RANGE"));
    CHECK_FALSE(says(findings.front(), "sysctl"));
}

TEST_CASE("doctor: the finding for tcp_tw_reuse without TCP timestamps") {
    Observations seen = quiet_host();
    settings(seen).tw_reuse = 1;
    seen.flows.push_back(flow_of(Role::Client, 4800));
    facts(seen).ports.push_back(ports_of(20'000));
    facts(seen).ports.back().reusable = 19'500;
    CHECK_FALSE(finds(seen, "no-timestamps"));
    CHECK_FALSE(finds(seen, "ports-running-out"));
    seen.flows.back().without_timestamps = 4800;
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "no-timestamps");
    REQUIRE(finding != nullptr);
    CHECK(&findings.front() == finding);
    CHECK(finding->severity == Severity::Critical);
    INFO(text_of(*finding));
    CHECK(says(*finding, "4,800 of 4,800 connections that were closed towards it had none"));
    CHECK_FALSE(says(*finding, "reusable"));
    CHECK_FALSE(says(*finding, "sysctl -w net.ipv4.tcp_tw_reuse"));
    REQUIRE(find(findings, "ports-running-out") != nullptr);
    CHECK(find(findings, "ports-running-out")->numbers.size() > 0);
    settings(seen).tw_reuse = 0; // then tcp_tw_reuse is reported first
    CHECK_FALSE(finds(seen, "no-timestamps"));
}

TEST_CASE("doctor: TIME_WAITs that a failed connect() did not take over have no timestamps") {
    Observations seen = quiet_host();
    settings(seen).tw_reuse = 1;
    seen.flows.push_back(flow_of(Role::Client, 0));
    seen.flows.back().no_port = 50;
    facts(seen).ports.push_back(ports_of(28'232));
    facts(seen).ports.back().reusable = 28'232;
    facts(seen).ports.back().passed_over = 1; // one port of an odd range may be left out
    CHECK_FALSE(finds(seen, "no-timestamps"));
    facts(seen).ports.back().passed_over = 28'000;
    const Findings findings = diagnose(seen);
    const Finding* finding = find(findings, "no-timestamps");
    REQUIRE(finding != nullptr);
    INFO(text_of(*finding));
    CHECK(says(*finding, "connect() failed although 28,000 TIME_WAITs were old enough"));
    const Finding* failing = find(findings, "no-free-port");
    REQUIRE(failing != nullptr);
    CHECK_FALSE(says(*failing, "reusable"));
}
