#include "sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <vector>

#include "errors.h"

namespace live {

namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address loopback(Family family, std::uint16_t port) {
    Address address;
    if (family == Family::V4) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        inet_pton(AF_INET, "127.0.0.1", &v4.sin_addr);
        address.length = sizeof v4;
        return address;
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    inet_pton(AF_INET6, family == Family::V6 ? "::1" : "::ffff:127.0.0.1", &v6.sin6_addr);
    address.length = sizeof v6;
    return address;
}

Endpoint endpoint_of(int fd, int (*get_name)(int, sockaddr*, socklen_t*)) {
    Address address;
    check_call(get_name(fd, address.get(), &address.length), "getsockname");
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
        inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
        return {text.data(), ntohs(v4.sin_port)};
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    const std::string full = text.data();
    const std::string prefix = "::ffff:";
    const bool mapped = full.rfind(prefix, 0) == 0;
    return {mapped ? full.substr(prefix.size()) : full, ntohs(v6.sin6_port)};
}

int new_socket(Family family) {
    const int domain = family == Family::V4 ? AF_INET : AF_INET6;
    return check_call(socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
}

std::uint16_t& listen_port() {
    static std::uint16_t port = 0;
    return port;
}

// One listener per process and family: a new one for each connection would use up the ephemeral
// ports.
int listener(Family family) {
    static std::array<Fd, 3> listeners;
    Fd& fd = listeners.at(static_cast<std::size_t>(family));
    if (!fd) {
        fd.reset(new_socket(family));
        // v4 and v4-mapped listeners cannot share a port.
        const bool own = listen_port() != 0;
        const std::uint16_t shift = family == Family::Mapped ? 1 : 0;
        Address address =
            loopback(family, own ? static_cast<std::uint16_t>(listen_port() + shift) : 0);
        check_call(bind(fd.get(), address.get(), address.length), "bind");
        check_call(listen(fd.get(), 128), "listen");
    }
    return fd.get();
}

End end_of(Fd fd, Role role) {
    End end;
    end.role = role;
    end.local = endpoint_of(fd.get(), getsockname);
    end.remote = endpoint_of(fd.get(), getpeername);
    end.fd = std::move(fd);
    return end;
}

} // namespace

void listen_on(std::uint16_t port) {
    listen_port() = port;
}

Connection connect_pair(Family family, Role active) {
    const int listening = listener(family);
    Address address;
    check_call(getsockname(listening, address.get(), &address.length), "getsockname");
    Fd client(new_socket(family));
    check_call(connect(client.get(), address.get(), address.length), "connect");
    Fd server(check_call(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    Connection connection;
    connection.family = family;
    End client_end = end_of(std::move(client), Role::Client);
    End server_end = end_of(std::move(server), Role::Server);
    connection.active = std::move(active == Role::Client ? client_end : server_end);
    connection.passive = std::move(active == Role::Client ? server_end : client_end);
    return connection;
}

void End::set(int level, int option, int value) const {
    check_call(setsockopt(fd.get(), level, option, &value, sizeof value), "setsockopt");
}

void End::send(std::uint64_t bytes) {
    const std::string text(bytes, 'x');
    check_call(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), "send");
    bytes_sent += bytes;
}

void End::send_all_to(End& peer, std::uint64_t bytes) {
    send(bytes);
    std::vector<char> buffer(bytes);
    check_call(recv(peer.fd.get(), buffer.data(), bytes, MSG_WAITALL), "recv");
    peer.bytes_received += bytes;
}

void End::read_to_eof() {
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t n = check_call(recv(fd.get(), buffer.data(), buffer.size(), 0), "recv");
        if (n == 0) {
            return;
        }
        bytes_received += static_cast<std::uint64_t>(n);
    }
}

void End::shutdown_write() const {
    check_call(shutdown(fd.get(), SHUT_WR), "shutdown");
}

void End::reset() {
    const linger off{1, 0};
    check_call(setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &off, sizeof off), "SO_LINGER");
    close();
}

void End::vanish() {
    set(IPPROTO_TCP, TCP_REPAIR, 1);
    close();
}

void End::ack_now() const {
    set(IPPROTO_TCP, TCP_QUICKACK, 1);
}

int End::tcp_state() const {
    tcp_info info{};
    socklen_t length = sizeof info;
    check_call(getsockopt(fd.get(), IPPROTO_TCP, TCP_INFO, &info, &length), "TCP_INFO");
    return info.tcpi_state;
}

void End::await_state(int state) const {
    await("TCP state " + std::to_string(state), [&] { return tcp_state() == state; });
}

void hold_back(End& end, End& peer, Milliseconds hold) {
    // Pacing starts with the tenth data segment (tcp_update_skb_after_send), so at least as many
    // are sent.
    end.set(IPPROTO_TCP, TCP_NODELAY, 1);
    for (int i = 0; i < 12; ++i) {
        end.send_all_to(peer, 1);
    }
    // Twice the requested time, because the kernel may skip up to half of it.
    constexpr std::uint64_t last_bytes = 1000;
    const auto rate = last_bytes * 1000 / (2 * static_cast<std::uint64_t>(hold.count()));
    end.set(SOL_SOCKET, SO_MAX_PACING_RATE, static_cast<int>(std::max<std::uint64_t>(rate, 1)));
    end.send_all_to(peer, last_bytes);
}

} // namespace live
