// An HTTP server for a few scrapers, robust against any number of other clients. One thread, one
// epoll set, and at most max_connections connections: beyond that a new one replaces a connection
// of the address that has most.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

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
    /// From the accept of a connection to the end of the request's head.
    static constexpr std::chrono::seconds head_time{5};
    /// To send the answer: the default timeout of Prometheus.
    static constexpr std::chrono::seconds answer_time{10};
    /// Maximum buffered input of a client: requests are answered before more is read.
    static constexpr std::size_t input_limit = 2 * http_head_limit;
    /// Between two requests on one connection.
    static constexpr std::chrono::seconds idle_time{180};

    /// Binds and listens.
    static Result<HttpServer> bind(const SocketAddress& address);
    /// The bound port, if the address had port 0.
    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// The descriptors that serve() needs.
    [[nodiscard]] std::vector<int> descriptors() const {
        return {epoll_.get(), listening_.get(), spare_.get()};
    }

    /// Handles ready connections for at most `wait`; returns early when `wake` is readable.
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
        // `in` holds a complete request, to be answered in the next round.
        bool request_left = false;
        bool keep_alive = false;
        Clock::time_point began;
        Clock::time_point until;
    };
    using Connections = std::map<int, Connection>;

    HttpServer() = default;
    void accept_all(const Answer& answer);
    void evict_connection();
    /// False: the connection is to be closed.
    bool advance(Connection& connection, const Answer& answer);
    static bool read_some(Connection& connection);
    bool write_some(Connection& connection);
    bool next_request(Connection& connection, const Answer& answer);
    void close_expired();
    void watch(const Connection& connection, int operation);
    void watch_listening(bool on);
    [[nodiscard]] Fd make_spare() const;

    Fd epoll_;
    Fd listening_;
    Fd spare_; // reserve, closed to accept a connection when no other descriptor is left
    bool accepting_ = true;
    std::uint16_t port_ = 0;
    Connections connections_;
};

} // namespace twtrace
