// Ports chosen by a program: with bind(address, PORT), or from its own range.
#include <netinet/in.h>
#include <sys/socket.h>

#include "catch2.h"
#include "doctor.h"
#include "errors.h"
#include "fd.h"

using namespace live;
using nlohmann::json;

namespace {

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

constexpr std::uint16_t service_port = 7000;
constexpr std::uint16_t chosen_port = 44'052;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

void bind_to(int fd, std::uint16_t port) {
    const int one = 1;
    check_call(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "SO_REUSEADDR");
    const sockaddr_in address = loopback(port);
    check_call(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
}

int try_connect(int fd) {
    const sockaddr_in address = loopback(service_port);
    return connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0
                                                                                         : errno;
}

Fd tcp_socket(int flags = 0) {
    return Fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket"));
}

Fd service() {
    Fd listening = tcp_socket();
    bind_to(listening.get(), service_port);
    check_call(listen(listening.get(), 64), "listen");
    return listening;
}

/// One connection from a chosen port, then others from the same port.
std::string collide() {
    const Fd listening = service();
    const Fd first = tcp_socket();
    bind_to(first.get(), chosen_port);
    check(try_connect(first.get()) == 0, "the first connection");
    for (int times = 0; times < 3; ++times) {
        const Fd second = tcp_socket();
        bind_to(second.get(), chosen_port);
        check(try_connect(second.get()) == EADDRNOTAVAIL, "EADDRNOTAVAIL expected");
    }
    return std::to_string(getpid());
}

/// connect() that is cancelled before an answer: not a lack of ports.
std::string give_up() {
    const Fd listening = tcp_socket();
    bind_to(listening.get(), service_port);
    check_call(listen(listening.get(), 0), "listen");
    const Fd fills_the_queue = tcp_socket();
    check(try_connect(fills_the_queue.get()) == 0, "the queue's one place");
    for (std::uint16_t port = chosen_port; port < chosen_port + 3; ++port) {
        Fd client = tcp_socket(SOCK_NONBLOCK);
        bind_to(client.get(), port);
        check(try_connect(client.get()) == EINPROGRESS, "a connection that waits");
        client.reset();
    }
    return {};
}

bool can_set_own_range() {
    const Fd probe = tcp_socket();
    const std::uint32_t range = 50'003U << 16U | 50'000U;
    return setsockopt(probe.get(), IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range) == 0;
}

std::string use_up_own_range() {
    const Fd listening = service();
    std::vector<Fd> kept;
    const std::uint32_t range = 50'003U << 16U | 50'000U; // four ports
    for (int times = 0; times < 7; ++times) {
        Fd client = tcp_socket();
        check_call(setsockopt(client.get(), IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range),
                   "IP_LOCAL_PORT_RANGE");
        check(try_connect(client.get()) == (times < 4 ? 0 : EADDRNOTAVAIL), "four ports");
        kept.push_back(std::move(client));
    }
    return std::to_string(getpid());
}

std::vector<json> failures(const TestNamespace& ns, const std::function<std::string()>& load) {
    Tracer tracer({"trace", "-o", "json", "--netns", ns.path()});
    ns.run_in(load);
    const CommandResult result = tracer.stop();
    INFO(result.out << result.err);
    return of_type(parse_events(result.out), "port_exhausted");
}

bool mentions(const json& lines, const std::string& part) {
    return lines.dump().find(part) != std::string::npos;
}

} // namespace

TEST_CASE("own ports: a chosen port that is taken is reported with its number", "[own-ports]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const auto events = failures(ns, collide);
    REQUIRE(events.size() == 3);
    for (const json& event : events) {
        CHECK(event.at("reason") == "port_taken");
        CHECK(event.at("local_port") == chosen_port);
        CHECK(event.at("local_addr") == "127.0.0.1");
        CHECK(event.at("remote_port") == service_port);
        CHECK(event.at("role") == "client");
    }
    int pid = 0;
    const Diagnosis diagnosis = diagnose(ns, [&] { pid = std::stoi(ns.run_in(collide)); });
    INFO(diagnosis.ids());
    const json* finding = diagnosis.finding("chosen-port-taken");
    REQUIRE(finding != nullptr);
    CHECK(finding->at("numbers").at("failed") == 3);
    CHECK(finding->at("numbers").at("local_port") == chosen_port);
    CHECK(finding->at("pid") == pid);
    CHECK_FALSE(mentions(finding->at("fix"), "sysctl"));
    CHECK(diagnosis.finding("no-free-port") == nullptr);
}

TEST_CASE("own ports: a cancelled connect() is not a lack of ports", "[own-ports]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    CHECK(failures(ns, give_up).empty());
}

TEST_CASE("own ports: a socket's own range is used up although other ports are free",
          "[own-ports]") {
    if (!can_trace()) {
        return;
    }
    if (!can_set_own_range()) {
        WARN("SKIP: this kernel has no IP_LOCAL_PORT_RANGE");
        return;
    }
    const TestNamespace ns;
    const auto events = failures(ns, use_up_own_range);
    REQUIRE(events.size() == 3);
    for (const json& event : events) {
        CHECK(event.at("reason") == "own_range");
        CHECK(event.at("local_port").is_null());
    }
    const TestNamespace other;
    const Diagnosis diagnosis = diagnose(other, [&] { other.run_in(use_up_own_range); });
    INFO(diagnosis.ids());
    const json* finding = diagnosis.finding("own-range-used-up");
    REQUIRE(finding != nullptr);
    CHECK_FALSE(mentions(finding->at("fix"), "sysctl"));
    CHECK(diagnosis.finding("no-free-port") == nullptr);
}

TEST_CASE("own ports: a port that the program chose was not picked by bind()",
          "[own-ports][doctor]") {
    if (!can_trace()) {
        return;
    }
    constexpr int times = 150;
    const TestNamespace ns;
    std::uint16_t next = 20'000;
    ClientHabits chooses;
    chooses.before_connect = [&](int fd) { bind_to(fd, next++); };
    const Diagnosis chosen = diagnose(ns, [&] { connect_and_close(ns, times, chooses); });
    INFO(chosen.ids());
    CHECK(chosen.finding("port-bound-early") == nullptr);
    CHECK(chosen.document.at("namespaces").at(0).at("bound_ports_seen") == 0);
    ClientHabits lets_bind_pick;
    lets_bind_pick.before_connect = [](int fd) { bind_to(fd, 0); };
    const Diagnosis picked = diagnose(ns, [&] { connect_and_close(ns, times, lets_bind_pick); });
    CHECK(picked.finding("port-bound-early") != nullptr);
    CHECK(picked.document.at("namespaces").at(0).at("bound_ports_seen") == times);
}
