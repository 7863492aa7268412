// An HTTP server for a few scrapers and any number of clients that are none. One thread, one epoll
// set, and never more than max_connections of anything: who wants more displaces a connection of
// the address that has most.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <sys/socket.h>

#include "exporter/http_message.h"
#include "util/fd.h"
#include "util/result.h"
#include "util/socket_address.h"

namespace twtrace {

class HttpServer {
  public:
    using Clock = std::chrono::steady_clock;
    using Answer = std::function<HttpReply(const HttpRequest&)>;

    static constexpr std::size_t max_connections = 64;
    /// From the first look at a connection to the end of the request's head.
    static constexpr std::chrono::seconds head_time{5};
    /// To take the answer: as long as Prometheus waits by default.
    static constexpr std::chrono::seconds answer_time{10};
    /// The most that is kept of what a client sent: requests are answered before more is read.
    static constexpr std::size_t input_limit = 2 * http_head_limit;
    /// Between two requests on one connection.
    static constexpr std::chrono::seconds idle_time{180};

    /// Binds and listens.
    static Result<HttpServer> bind(const SocketAddress& address);
    /// The port, where the address left it open.
    [[nodiscard]] std::uint16_t port() const { return port_; }

    /// Serves what there is to serve, for at most `wait`; returns early when `wake` is readable.
    void serve(std::chrono::milliseconds wait, int wake, const Answer& answer);

  private:
    struct Connection {
        Fd fd;
        std::string peer;
        std::string in;
        std::string head;
        std::shared_ptr<const std::string> body;
        std::size_t sent = 0;
        bool answering = false;
        bool request_left = false; // complete in `in`, to be answered at the next turn
        bool keep_alive = false;
        Clock::time_point began;
        Clock::time_point until;
    };
    using Connections = std::map<int, Connection>;

    HttpServer() = default;
    void accept_all(const Answer& answer);
    void make_room();
    /// False: it is over.
    bool go_on(Connection& connection, const Answer& answer);
    static bool read_some(Connection& connection);
    bool write_some(Connection& connection);
    bool next_request(Connection& connection, const Answer& answer);
    void close_late();
    void watch(const Connection& connection, int operation);
    void watch_listening(bool on);

    Fd epoll_;
    Fd listening_;
    Fd spare_; // given up for a connection where no other descriptor is left
    bool accepting_ = true;
    std::uint16_t port_ = 0;
    Connections connections_;
};

} // namespace twtrace
