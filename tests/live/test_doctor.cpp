// Each of the doctor's rules where it must report, and a similar case where it must not. Loads are
// counted, not timed: below 50 events there is no rate (src/doctor/thresholds.h).
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <map>

#include "catch2.h"
#include "doctor.h"
#include "errors.h"
#include "fd.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int many = 150;
constexpr int few = 40;
constexpr std::uint16_t service_port = 7000;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

void bind_to_loopback(int fd) {
    const sockaddr_in address = loopback(0);
    check_call(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
}

void set_flag(int fd, int level, int option) {
    const int one = 1;
    check_call(setsockopt(fd, level, option, &one, sizeof one), "setsockopt");
}

std::string sysctl(const TestNamespace& ns, const std::string& name) {
    const CommandResult result = run_command({"sysctl", "-n", name}, ns.path());
    return lines_of(result.out).at(0);
}

bool mentions(const json& lines, const std::string& part) {
    return lines.dump().find(part) != std::string::npos;
}

Fd listen_on_port(std::uint16_t port) {
    Fd listener(check_call(socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const sockaddr_in address = loopback(port);
    check_call(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
               "bind");
    check_call(listen(listener.get(), 64), "listen");
    return listener;
}

/// Closes 100 connections, ten to each of ten ports, whose local ports bind() picks.
void close_bound(const TestNamespace& ns) {
    ns.run_in([] {
        std::map<std::uint16_t, Fd> listeners;
        for (std::uint16_t port = 7000; port < 7010; ++port) {
            listeners[port] = listen_on_port(port);
        }
        for (int round = 0; round < 10; ++round) {
            for (const auto& [port, listener] : listeners) {
                const sockaddr_in to = loopback(port);
                Fd client(check_call(socket(AF_INET, SOCK_STREAM, 0), "socket"));
                bind_to_loopback(client.get());
                check_call(connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to),
                           "connect");
                const Fd server(check_call(accept(listener.get(), nullptr, nullptr), "accept"));
                client.reset();
            }
        }
        return std::string();
    });
}

} // namespace

TEST_CASE("doctor: no findings in a quiet namespace", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const Diagnosis nothing = diagnose(ns, [] {});
    CHECK(nothing.exit_status == 0);
    CHECK(nothing.document.at("accounting").at("exact") == true);
    CHECK(nothing.document.at("namespaces").at(0).at("usable_ports") == 28232);
    const Diagnosis little = diagnose(ns, [&] { connect_and_close(ns, few); });
    INFO(little.ids());
    CHECK(little.exit_status == 0);
    CHECK(little.document.at("totals").at("time_wait") == few);
}

TEST_CASE("doctor: half of the ports are taken, counted exactly; the fix works unchanged",
          "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "0");
    ns.set_sysctl("net.ipv4.ip_local_port_range", "50000 50199");
    const Diagnosis well = diagnose(ns, [&] { connect_and_close(ns, few); });
    CHECK(well.finding("ports-running-out") == nullptr);
    int pid = 0;
    const Diagnosis ill = diagnose(ns, [&] { pid = connect_and_close(ns, many - few); });
    INFO(ill.ids());
    const json* finding = ill.finding("ports-running-out");
    REQUIRE(finding != nullptr);
    CHECK(ill.exit_status == 3);
    CHECK(finding->at("severity") == "critical");
    CHECK(finding->at("pid") == pid);
    CHECK(finding->at("remote_addr") == "127.0.0.1");
    CHECK(finding->at("service_port") == service_port);
    CHECK(finding->at("numbers").at("usable") == 200);
    CHECK(finding->at("numbers").at("taken") == many);
    CHECK(finding->at("numbers").at("time_wait") == many);
    CHECK(finding->at("numbers").at("open") == 0);
    paste(*finding);
    CHECK(sysctl(ns, "net.ipv4.tcp_tw_reuse") == "1");
    CHECK(sysctl(ns, "net.ipv4.ip_local_port_range") == "32768\t60999");
    const Diagnosis cured = diagnose(ns, [&] { connect_and_close(ns, few); });
    INFO(cured.ids());
    CHECK(cured.exit_status == 0);
}

TEST_CASE("doctor: connects that fail for lack of a port", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "0");
    ns.set_sysctl("net.ipv4.ip_local_port_range", "50000 50003");
    const Diagnosis well = diagnose(ns, [&] { connect_and_close(ns, 1); });
    CHECK(well.exit_status == 0);
    const Diagnosis ill = diagnose(ns, [&] {
        connect_and_close(ns, 3);
        CHECK_THROWS(connect_and_close(ns, 1));
    });
    const json* finding = ill.finding("no-free-port");
    INFO(ill.ids());
    REQUIRE(finding != nullptr);
    CHECK(finding->at("severity") == "critical");
    CHECK(finding->at("numbers").at("failed") == 1);
    CHECK(finding->at("numbers").at("taken") == 4);
    CHECK(finding->at("remote_addr") == "127.0.0.1");
    CHECK(finding->at("service_port") == service_port);
}

TEST_CASE("doctor: a connection for each request, but no finding for a few", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    int pid = 0;
    const Diagnosis ill = diagnose(ns, [&] { pid = connect_and_close(ns, many); });
    INFO(ill.ids());
    const json* finding = ill.finding("connection-per-request");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("pid") == pid);
    CHECK(finding->at("numbers").at("time_wait") == many);
    CHECK(ill.finding("port-bound-early") == nullptr);
    CHECK(ill.finding("server-closes-first") == nullptr);
    CHECK(ill.finding("resets") == nullptr);
    CHECK(ill.finding("tw-buckets") == nullptr);
    CHECK(ill.finding("fin-timeout") == nullptr);
    CHECK(ill.finding("narrow-range") == nullptr);
    CHECK(ill.finding("health-checks") == nullptr);
}

TEST_CASE("doctor: bind() before connect(), and the option that makes it harmless", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ClientHabits early;
    early.before_connect = bind_to_loopback;
    const Diagnosis ill = diagnose(ns, [&] { connect_and_close(ns, many, early); });
    INFO(ill.ids());
    const json* finding = ill.finding("port-bound-early");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("numbers").at("bound") == many);
    CHECK(mentions(finding->at("fix"), "IP_BIND_ADDRESS_NO_PORT"));
    ClientHabits late;
    late.before_connect = [](int fd) {
        set_flag(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
        bind_to_loopback(fd);
    };
    const Diagnosis well = diagnose(ns, [&] { connect_and_close(ns, many, late); });
    CHECK(well.finding("port-bound-early") == nullptr);
}

TEST_CASE("doctor: the table of TIME_WAIT sockets overflows", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_max_tw_buckets", "100");
    const Diagnosis well = diagnose(ns, [&] { connect_and_close(ns, few); });
    CHECK(well.finding("tw-buckets") == nullptr);
    const Diagnosis ill = diagnose(ns, [&] { connect_and_close(ns, many); });
    INFO(ill.ids());
    const json* finding = ill.finding("tw-buckets");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("numbers").at("refused").get<int>() >= many - 100);
    CHECK(mentions(finding->at("evidence"), "tcp_max_tw_buckets is 100"));
    paste(*finding);
    CHECK(std::stoi(sysctl(ns, "net.ipv4.tcp_max_tw_buckets")) > 200);
}

TEST_CASE("doctor: tcp_tw_reuse is off where it would help", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "0");
    // A fixed time gives a rate: 530 in 3 s lead to 37 % of the ports.
    const auto load = [&] { connect_and_close(ns, 530); };
    const Diagnosis ill = diagnose_for(ns, 3, load);
    INFO(ill.ids());
    const json* finding = ill.finding("tw-reuse-off");
    REQUIRE(finding != nullptr);
    CHECK(ill.finding("ports-running-out") == nullptr);
    paste(*finding);
    CHECK(sysctl(ns, "net.ipv4.tcp_tw_reuse") == "1");
    CHECK(diagnose_for(ns, 3, load).finding("tw-reuse-off") == nullptr);
}

TEST_CASE("doctor: health checks at regular intervals, and a burst of the same size", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ClientHabits checks;
    checks.pause_ms = 200; // long compared with delays on a busy machine
    // A machine that stalls makes them irregular.
    Diagnosis ill;
    await("regular checks are found", [&] {
        ill = diagnose_for(ns, 4, [&] { connect_and_close(ns, 18, checks); });
        return ill.finding("health-checks") != nullptr;
    });
    INFO(ill.ids());
    CHECK(ill.finding("connection-per-request") == nullptr);
    const Diagnosis well = diagnose_for(ns, 4, [&] { connect_and_close(ns, 30); });
    INFO(well.ids());
    CHECK(well.exit_status == 0);
}

TEST_CASE("doctor: resets instead of closes", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ClientHabits abrupt;
    abrupt.before_close = [](int fd) {
        const linger now{1, 0};
        check_call(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), "SO_LINGER");
    };
    CHECK(diagnose(ns, [&] { connect_and_close(ns, few, abrupt); }).exit_status == 0);
    const Diagnosis ill = diagnose(ns, [&] { connect_and_close(ns, many, abrupt); });
    INFO(ill.ids());
    const json* finding = ill.finding("resets");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("numbers").at("resets") == many);
    CHECK(ill.finding("connection-per-request") == nullptr);
}

TEST_CASE("doctor: bind() has taken all ports, no destination has many", "[doctor]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "40000 40099");
    ns.set_sysctl("net.ipv4.tcp_tw_reuse", "0");
    const bool earlier = GENERATE(false, true); // before the doctor began
    if (earlier) {
        close_bound(ns);
    }
    const Diagnosis found = diagnose(ns, [&] {
        if (!earlier) {
            close_bound(ns);
        }
    });
    INFO((earlier ? "earlier " : "now ") << found.document.dump(2));
    CHECK((found.document.at("totals").at("time_wait") == 0) == earlier);
    const json* finding = found.finding("ports-running-out");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("severity") == "critical");
    CHECK(mentions(finding->at("title"), "bind() has taken all"));
    CHECK(finding->at("numbers").at("taken") == 100);
}
