// MPTCP: the kernel closes the subflows, and events name the program.
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "catch2.h"
#include "errors.h"
#include "fd.h"
#include "forked.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

constexpr int times = 10;
constexpr std::uint16_t service_port = 7003;

bool has_mptcp() {
    const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP));
    return static_cast<bool>(fd);
}

sockaddr_in service() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(service_port);
    return address;
}

Fd mptcp_socket() {
    return Fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP), "socket"));
}

void read_to_eof(int fd) {
    char byte = 0;
    while (recv(fd, &byte, 1, 0) > 0) {
    }
}

void serve(const Fd& listening, bool closes_first) {
    prctl(PR_SET_NAME, "mp-server");
    for (int index = 0; index < times; ++index) {
        const Fd one(check_call(accept(listening.get(), nullptr, nullptr), "accept"));
        char byte = 0;
        check_call(recv(one.get(), &byte, 1, 0), "recv");
        if (!closes_first) {
            read_to_eof(one.get());
        }
    }
}

void ask(bool closes_first) {
    prctl(PR_SET_NAME, "mp-client");
    const sockaddr_in address = service();
    for (int index = 0; index < times; ++index) {
        const Fd one = mptcp_socket();
        check_call(connect(one.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
                   "connect");
        check_call(send(one.get(), "x", 1, MSG_NOSIGNAL), "send");
        if (!closes_first) {
            read_to_eof(one.get());
        }
    }
}

/// Returns both pids.
std::pair<pid_t, pid_t> talk(const TestNamespace& ns, bool client_first) {
    const std::string pids = ns.run_in([&]() -> std::string {
        const Fd listening = mptcp_socket();
        const int one = 1;
        check_call(setsockopt(listening.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one),
                   "SO_REUSEADDR");
        const sockaddr_in address = service();
        check_call(
            bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            "bind");
        check_call(listen(listening.get(), 64), "listen");
        Forked server([&]() -> std::string {
            serve(listening, !client_first);
            return {};
        });
        const pid_t pid = server.pid();
        ask(client_first);
        server.collect();
        return std::to_string(getpid()) + " " + std::to_string(pid);
    });
    const std::size_t space = pids.find(' ');
    return {std::stoi(pids.substr(0, space)), std::stoi(pids.substr(space))};
}

} // namespace

TEST_CASE("mptcp: the closers are the programs, not a kernel thread", "[mptcp]") {
    if (!can_trace()) {
        return;
    }
    if (!has_mptcp()) {
        WARN("SKIP: this kernel has no MPTCP");
        return;
    }
    for (const bool client_first : {true, false}) {
        const TestNamespace ns;
        Tracer tracer = trace_all(ns);
        const auto [client, server] = talk(ns, client_first);
        std::vector<json> events;
        await("both ends of each connection", [&] {
            events = parse_events(tracer.out());
            return events.size() >= std::size_t{2} * times;
        });
        const CommandResult result = tracer.stop();
        INFO(result.out << result.err);
        CHECK(events.size() == std::size_t{2} * times);
        for (const json& event : events) {
            const bool is_client = event.at("role") == "client";
            INFO(event.dump());
            CHECK(event.at("pid") == (is_client ? client : server));
            CHECK(event.at("comm") == (is_client ? "mp-client" : "mp-server"));
            CHECK(event.at("how") != "kernel");
        }
    }
}
