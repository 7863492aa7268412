// Which side connected: simultaneous open, restored connections, and connections whose listener is
// gone.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "catch2.h"
#include "errors.h"
#include "fd.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int times = 5;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

Fd bound_socket(std::uint16_t port, int flags = 0) {
    Fd fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket"));
    const int one = 1;
    check_call(setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "SO_REUSEADDR");
    const sockaddr_in address = loopback(port);
    check_call(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    return fd;
}

int connect_to(int fd, std::uint16_t port) {
    const sockaddr_in address = loopback(port);
    return connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0
                                                                                         : errno;
}

void set(int fd, int level, int option, int value) {
    check_call(setsockopt(fd, level, option, &value, sizeof value), "setsockopt");
}

void await_writable(int fd) {
    pollfd one{fd, POLLOUT, 0};
    check(poll(&one, 1, 5000) == 1, "a connection");
    int error = 0;
    socklen_t length = sizeof error;
    check_call(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), "SO_ERROR");
    check(error == 0, "a connection: " + std::to_string(error));
}

std::string connect_to_themselves() {
    for (std::uint16_t port = 45'000; port < 45'000 + times; ++port) {
        const Fd fd = bound_socket(port);
        check(connect_to(fd.get(), port) == 0, "a socket that connects to itself");
    }
    return {};
}

// The slow lane delays both SYNs long enough if other packets precede them.
std::string open_at_once() {
    const Fd one = bound_socket(45'100, SOCK_NONBLOCK);
    const Fd other = bound_socket(45'101, SOCK_NONBLOCK);
    std::vector<Fd> before;
    for (std::uint16_t port = 45'102; port < 45'106; ++port) {
        before.push_back(bound_socket(port, SOCK_NONBLOCK));
        set(before.back().get(), SOL_SOCKET, SO_PRIORITY, TestNamespace::slow_lane);
        connect_to(before.back().get(), 45'110); // no listener
    }
    for (const Fd* fd : {&one, &other}) {
        set(fd->get(), SOL_SOCKET, SO_PRIORITY, TestNamespace::slow_lane);
    }
    check(connect_to(one.get(), 45'101) == EINPROGRESS, "the first SYN");
    check(connect_to(other.get(), 45'100) == EINPROGRESS, "the second SYN");
    await_writable(one.get());
    await_writable(other.get());
    return {};
}

// Like CRIU: a connection that is established without a segment.
std::string restore_and_close() {
    Fd fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    set(fd.get(), IPPROTO_TCP, TCP_REPAIR, 1);
    for (const int queue : {TCP_RECV_QUEUE, TCP_SEND_QUEUE}) {
        set(fd.get(), IPPROTO_TCP, TCP_REPAIR_QUEUE, queue);
        set(fd.get(), IPPROTO_TCP, TCP_QUEUE_SEQ, 1'000'000 + queue);
    }
    const sockaddr_in address = loopback(45'200);
    set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    check_call(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    check(connect_to(fd.get(), 45'201) == 0, "connect() in TCP_REPAIR");
    set(fd.get(), IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
    fd.reset(); // its FIN is answered by an RST: there is no peer
    return {};
}

// Established, and removed without a segment.
std::string take_away() {
    Fd listening = bound_socket(45'300);
    check_call(listen(listening.get(), 8), "listen");
    Fd client = bound_socket(45'301);
    check(connect_to(client.get(), 45'300) == 0, "a connection");
    const Fd server(check_call(accept(listening.get(), nullptr, nullptr), "accept"));
    set(client.get(), IPPROTO_TCP, TCP_REPAIR, 1);
    client.reset();
    set(server.get(), IPPROTO_TCP, TCP_REPAIR, 1);
    return {};
}

// A server that closes first, and then ends.
std::string serve_and_go(std::uint16_t port, int clients) {
    const Fd listening = bound_socket(port);
    check_call(listen(listening.get(), 64), "listen");
    for (int index = 0; index < clients; ++index) {
        const Fd client(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        check(connect_to(client.get(), port) == 0, "a connection");
        Fd server(check_call(accept(listening.get(), nullptr, nullptr), "accept"));
        server.reset();
        char byte = 0;
        check(recv(client.get(), &byte, 1, 0) == 0, "the server's FIN");
    }
    return {};
}

std::vector<json> traced(const TestNamespace& ns, const std::function<std::string()>& load) {
    Tracer tracer = trace_all(ns);
    ns.run_in(load);
    const CommandResult result = tracer.stop();
    INFO(result.out << result.err);
    return parse_events(result.out);
}

// The events of a load whose last transitions are caused by a timer.
std::vector<json> traced_until(const TestNamespace& ns, const std::function<std::string()>& load,
                               std::size_t count) {
    Tracer tracer = trace_all(ns);
    ns.run_in(load);
    wait_until([&] { return lines_of(tracer.out()).size() >= count; }, Milliseconds(5000));
    const CommandResult result = tracer.stop();
    UNSCOPED_INFO(result.out << result.err);
    return parse_events(result.out);
}

// A timer may expire while a process runs that this machine hides from BPF (witness.h). Then one of
// the other attempts is right.
void check_timed(const std::function<bool(const TestNamespace&)>& is_right) {
    bool right = false;
    for (int attempt = 0; attempt < 3 && !right; ++attempt) {
        right = is_right(TestNamespace());
    }
    CHECK(right);
}

} // namespace

TEST_CASE("roles: a socket that connects to itself is a client", "[roles]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const auto events = of_type(traced(ns, connect_to_themselves), "time_wait");
    REQUIRE(events.size() == times);
    for (const json& event : events) {
        INFO(event.dump());
        CHECK(event.at("role") == "client");
        CHECK(event.at("role_inferred") == false);
        CHECK_FALSE(event.at("lifetime_us").is_null());
    }
}

TEST_CASE("roles: both sides of a simultaneous open are clients", "[roles]") {
    if (!can_trace()) {
        return;
    }
    if (!TestNamespace().add_slow_lane()) {
        WARN("SKIP: no tc, or no htb in this kernel");
        return;
    }
    check_timed([](const TestNamespace& ns) {
        ns.add_slow_lane();
        const auto events = traced_until(ns, open_at_once, 2);
        return events.size() == 2 && std::all_of(events.begin(), events.end(), [](const auto& one) {
                   return one.at("role") == "client" && one.at("role_inferred") == false;
               });
    });
}

TEST_CASE("roles: unknown for a connection that TCP_REPAIR restored", "[roles]") {
    if (!can_trace()) {
        return;
    }
    check_timed([](const TestNamespace& ns) {
        // Its window is closed, so the FIN is sent with a probe.
        const auto events = traced_until(ns, restore_and_close, 1);
        return events.size() == 1 && events[0].at("local_port") == 45'200 &&
               events[0].at("role").is_null() && events[0].at("lifetime_us").is_null();
    });
}

TEST_CASE("roles: a connection that TCP_REPAIR removes is not a reset", "[roles]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const auto events = of_type(traced(ns, take_away), "aborted");
    REQUIRE(events.size() == 2);
    for (const json& event : events) {
        INFO(event.dump());
        CHECK(event.at("reason") == "other");
    }
}

TEST_CASE("roles: list infers a server from its clients after its listener was closed",
          "[roles][list]") {
    for (const std::uint16_t port : {std::uint16_t{7000}, std::uint16_t{45'400}}) { // ephemeral
        const TestNamespace ns;
        constexpr int clients = 20;
        ns.run_in([&] { return serve_and_go(port, clients); });
        const CommandResult result =
            run_command({twtrace_binary(), "list", "-o", "json", "--netns", ns.path()});
        INFO(result.out << result.err);
        const auto sockets = of_type(parse_events(result.out), "socket");
        REQUIRE(sockets.size() == clients);
        for (const json& socket : sockets) {
            CHECK(socket.at("local_port") == port);
            CHECK(socket.at("role") == "server");
            CHECK(socket.at("role_inferred") == true);
            CHECK(socket.at("pid").is_null());
        }
    }
}
