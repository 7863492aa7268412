// connect() without a free ephemeral port.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "catch2.h"
#include "errors.h"
#include "tracer.h"

using namespace live;

namespace {

constexpr std::uint16_t service_port = 7000;
// Even, because connect() may leave one port of an odd range untried (inet_hash_connect).
constexpr int ports = 4;
constexpr int too_many = 3;

sockaddr_in service() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(service_port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    return address;
}

int try_connect() {
    const int fd = check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address = service();
    return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

/// Returns its pid; the descriptors stay open until the process ends, so that the ports stay taken.
std::string exhaust() {
    const int listening = check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address = service();
    check_call(bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    check_call(listen(listening, 64), "listen");
    for (int i = 0; i < ports; ++i) {
        check(try_connect() == 0, "connect to a free port");
    }
    for (int i = 0; i < too_many; ++i) {
        check(try_connect() == EADDRNOTAVAIL, "EADDRNOTAVAIL expected");
    }
    close(listening);
    check(try_connect() == ECONNREFUSED || errno == EADDRNOTAVAIL, "nobody listens");
    return std::to_string(getpid());
}

void judge(const std::vector<std::string>& more) {
    const TestNamespace ns;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "50000 " + std::to_string(50000 + ports - 1));
    std::vector<std::string> arguments{"trace", "-o", "json", "--netns", ns.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Tracer tracer(arguments);
    const int pid = std::stoi(ns.run_in(exhaust));
    const CommandResult result = tracer.stop();
    INFO(result.out);
    const auto events = of_type(parse_events(result.out), "port_exhausted");
    REQUIRE(events.size() >= too_many);
    for (const auto& event : events) {
        CHECK(event.at("pid") == pid);
        CHECK(event.at("remote_addr") == "127.0.0.1");
        CHECK(event.at("remote_port") == service_port);
        CHECK(event.at("local_port").is_null());
        CHECK(event.at("role") == "client");
        CHECK(event.at("netns") == ns.inode());
    }
}

} // namespace

TEST_CASE("exhaustion: reported with process and destination, with and without --all",
          "[exhaustion]") {
    if (!can_trace()) {
        return;
    }
    judge({});
    judge({"--all"});
}
