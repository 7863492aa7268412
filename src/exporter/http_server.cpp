#include "exporter/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "util/descriptors.h"
#include "util/reason.h"

namespace twtrace {

namespace {

constexpr int accepts_at_once = 256; // then other connections are served
constexpr int requests_at_once = 16;

bool add(const Fd& epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

HttpReply bad_request() {
    static const auto body = std::make_shared<const std::string>("bad request\n");
    HttpReply reply;
    reply.status = 400;
    reply.body = body;
    return reply;
}

} // namespace

Result<HttpServer> HttpServer::bind(const SocketAddress& address) {
    const auto failed = [&](const char* advice) {
        const bool exhausted = means_no_descriptor(errno) || errno == ENOMEM;
        return fail(fmt::format("cannot listen on {}: {}", to_string(address),
                                exhausted ? reason(errno)
                                          : fmt::format("{}; {}", std::strerror(errno), advice)));
    };
    HttpServer server;
    server.epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    server.listening_ =
        Fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!server.epoll_ || !server.listening_)
        return failed("is this address family supported?");
    const int fd = server.listening_.get();
    const int on = 1;
    // Allows a restart while old connections are in TIME_WAIT.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (::bind(fd, address.get(), address.length) != 0)
        return failed(errno == EADDRINUSE ? "choose another port with --listen"
                                          : "see --listen, such as 127.0.0.1:10660");
    // The largest backlog that the system allows, so that a flood does not keep others out.
    SocketAddress bound;
    bound.length = sizeof(bound.storage);
    if (listen(fd, SOMAXCONN) != 0 || !add(server.epoll_, fd) ||
        getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length) != 0)
        return failed("choose another port with --listen");
    server.port_ = port_of(bound);
    server.spare_ = server.make_spare();
    if (!server.spare_)
        return failed("dmesg may tell why");
    return server;
}

// A copy: the server may not open files (privilege/sandbox.h).
Fd HttpServer::make_spare() const {
    return Fd(fcntl(listening_.get(), F_DUPFD_CLOEXEC, 0));
}

void HttpServer::watch(const Connection& connection, int operation) {
    epoll_event event{};
    event.events = connection.answering || connection.request_left ? EPOLLOUT : EPOLLIN;
    event.data.fd = connection.fd.get();
    epoll_ctl(epoll_.get(), operation, connection.fd.get(), &event);
}

// epoll reports a waiting client repeatedly, so it must not be watched while none can be accepted.
void HttpServer::watch_listening(bool on) {
    epoll_event event{};
    event.events = on ? EPOLLIN : 0U;
    event.data.fd = listening_.get();
    accepting_ = epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listening_.get(), &event) == 0 ? on : true;
}

// Closes the oldest connection of the address with most connections, and prefers idle ones over
// those that are being answered. A flood thus replaces its own connections.
void HttpServer::evict_connection() {
    std::map<std::string, std::size_t> by_peer;
    for (const auto& [fd, connection] : connections_)
        ++by_peer[connection.peer];
    const auto worst = std::min_element(
        connections_.begin(), connections_.end(), [&](const auto& a, const auto& b) {
            const auto rank = [&](const Connection& connection) {
                return std::make_tuple(-static_cast<long>(by_peer[connection.peer]),
                                       connection.answering, connection.began);
            };
            return rank(a.second) < rank(b.second);
        });
    connections_.erase(worst);
}

void HttpServer::accept_all(const Answer& answer) {
    for (int count = 0; count < accepts_at_once; ++count) {
        SocketAddress peer;
        peer.length = sizeof(peer.storage);
        Fd fd(accept4(listening_.get(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.length,
                      SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd && means_no_descriptor(errno)) {
            if (!spare_) {
                watch_listening(false);
                return;
            }
            spare_ = Fd();
            continue;
        }
        if (!fd)
            return;
        if (connections_.size() >= max_connections)
            evict_connection();
        const int on = 1;
        setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        const int number = fd.get();
        Connection& connection = connections_[number];
        connection.fd = std::move(fd);
        connection.peer = address_of(peer);
        connection.began = Clock::now();
        connection.until = connection.began + head_time;
        watch(connection, EPOLL_CTL_ADD);
        // The request has often arrived already: answer it before the connection can be replaced.
        if (!advance(connection, answer))
            connections_.erase(number);
    }
}

bool HttpServer::read_some(Connection& connection) {
    std::array<char, 4096> buffer{};
    const ssize_t got = recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0)
        return got < 0 && would_block();
    if (connection.in.empty() && connection.until > Clock::now() + head_time)
        connection.until = Clock::now() + head_time;
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
}

bool HttpServer::next_request(Connection& connection, const Answer& answer) {
    if (connection.in.empty())
        return false;
    HttpRequest request;
    std::size_t length = 0;
    const HttpParsed parsed =
        parse_http(std::string_view(connection.in).substr(0, http_head_limit), request, length);
    if (parsed == HttpParsed::Incomplete)
        return false;
    const HttpReply reply = parsed == HttpParsed::Bad ? bad_request() : answer(request);
    connection.in.erase(0, parsed == HttpParsed::Bad ? connection.in.size() : length);
    connection.keep_alive = parsed == HttpParsed::Complete && request.keep_alive;
    // An unsuccessful request closes the connection, so each one costs the client a new connection.
    connection.keep_alive = connection.keep_alive && reply.status == 200;
    connection.head = reply_head(reply, connection.keep_alive);
    connection.body = request.method == "HEAD" ? nullptr : reply.body;
    connection.sent = 0;
    connection.answering = true;
    connection.until = Clock::now() + answer_time;
    return true;
}

bool HttpServer::write_some(Connection& connection) {
    const std::size_t body_size = connection.body ? connection.body->size() : 0;
    while (connection.sent < connection.head.size() + body_size) {
        const std::size_t of_head = std::min(connection.sent, connection.head.size());
        const std::size_t of_body = connection.sent - of_head;
        std::array<iovec, 2> parts{
            iovec{connection.head.data() + of_head, connection.head.size() - of_head},
            iovec{body_size > 0 ? const_cast<char*>(connection.body->data()) + of_body : nullptr,
                  body_size - of_body}};
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        const ssize_t written = sendmsg(connection.fd.get(), &message, MSG_NOSIGNAL);
        if (written < 0)
            return would_block();
        connection.sent += static_cast<std::size_t>(written);
    }
    connection.answering = false;
    connection.body.reset();
    connection.until = Clock::now() + idle_time;
    return true;
}

bool HttpServer::advance(Connection& connection, const Answer& answer) {
    const bool watched_for_output = connection.answering || connection.request_left;
    connection.request_left = false;
    bool may_read = true;
    // Pipelined requests are answered together, but 16 at most, so that other connections are
    // served.
    for (int requests = 0; requests < requests_at_once;) {
        if (!connection.answering && !next_request(connection, answer)) {
            if (!may_read || connection.in.size() >= input_limit)
                break;
            may_read = false;
            if (!read_some(connection))
                return false;
            continue;
        }
        if (!write_some(connection))
            return false;
        if (connection.answering)
            break; // the socket's buffer is full
        if (!connection.keep_alive)
            return false;
        connection.request_left = ++requests == requests_at_once && !connection.in.empty();
    }
    if ((connection.answering || connection.request_left) != watched_for_output)
        watch(connection, EPOLL_CTL_MOD);
    return true;
}

void HttpServer::close_expired() {
    const auto now = Clock::now();
    std::erase_if(connections_, [&](const auto& entry) { return entry.second.until < now; });
}

void HttpServer::serve(std::chrono::milliseconds wait, int wake, const Answer& answer) {
    std::array<epoll_event, 32> events{};
    if (wake >= 0)
        add(epoll_, wake); // fails after the first time, as it is already watched
    const int ready =
        epoll_wait(epoll_.get(), events.data(), events.size(), static_cast<int>(wait.count()));
    close_expired();
    if (!spare_ && (spare_ = make_spare()) && !accepting_)
        watch_listening(true);
    for (int index = 0; index < ready; ++index) {
        const int fd = events[static_cast<std::size_t>(index)].data.fd;
        const auto found = connections_.find(fd);
        if (fd == listening_.get())
            accept_all(answer);
        else if (found != connections_.end() && !advance(found->second, answer))
            connections_.erase(found);
    }
}

} // namespace twtrace
