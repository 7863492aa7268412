#include "worker.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <csignal>

namespace load {
namespace {

constexpr std::uint32_t peer_base = 0x7f010000;   // 127.1.0.0 and up
constexpr std::uint32_t source_base = 0x7f800001; // 127.128.0.1 and up
constexpr std::int64_t max_unserved = 64;         // stays below the listen backlog

void settle_in(const char* name, std::uint32_t worker, Shared& shared) {
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(worker % static_cast<std::uint32_t>(sysconf(_SC_NPROCESSORS_ONLN)), &set);
    sched_setaffinity(0, sizeof set, &set);
    shared.ready.fetch_add(1);
    while (!shared.go.load(std::memory_order_acquire))
        usleep(200);
}

sockaddr_in address(std::uint32_t host, std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(host);
    a.sin_port = htons(port);
    return a;
}

const sockaddr* generic(const sockaddr_in& a) {
    return static_cast<const sockaddr*>(static_cast<const void*>(&a));
}

/// Keeps a rate by sleeping until the next connection is due, at least 1 ms at a time. High rates
/// therefore come in small bursts, as from a real service.
class Pace {
  public:
    explicit Pace(double per_second) : step_ns_(per_second > 0 ? 1e9 / per_second : 0) {
        clock_gettime(CLOCK_MONOTONIC, &start_);
    }
    void wait() {
        if (step_ns_ <= 0)
            return;
        due_ns_ += step_ns_;
        timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        const double elapsed_ns = static_cast<double>(now.tv_sec - start_.tv_sec) * 1e9 +
                                  static_cast<double>(now.tv_nsec - start_.tv_nsec);
        const double left_ns = due_ns_ - elapsed_ns;
        if (left_ns >= 1e6)
            usleep(static_cast<useconds_t>(left_ns / 1e3));
    }

  private:
    double step_ns_;
    double due_ns_ = 0;
    timespec start_{};
};

class Client {
  public:
    Client(const Options& options, const Seat& seat, Shared& shared)
        : options_(options), seat_(seat), shared_(shared),
          pace_(static_cast<double>(options.rate) / options.workers) {
        open_.reserve(options.window);
    }

    void run(std::uint64_t quota, std::uint64_t first) {
        std::uint64_t made = 0;
        for (; (quota == 0 || made < quota) && !shared_.stop.load(std::memory_order_relaxed);
             ++made) {
            pace_.wait();
            wait_for_server();
            const int fd = connect_to(first + made);
            if (fd < 0) {
                shared_.errors.fetch_add(1);
                continue;
            }
            open_.push_back(fd);
            if (open_.size() >= options_.window)
                end_oldest();
        }
        while (!open_.empty())
            end_oldest();
    }

  private:
    int connect_to(std::uint64_t serial) {
        // Each worker starts at another peer, so that all peers are used even with few connections.
        const std::uint64_t turn = serial * options_.workers + seat_.worker;
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (options_.sources > 1) {
            const int one = 1;
            setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
            const auto index = turn / options_.peers % options_.sources;
            const auto own = address(source_base + static_cast<std::uint32_t>(index), 0);
            if (bind(fd, generic(own), sizeof own) != 0)
                return give_up(fd);
        }
        const auto index = static_cast<std::uint32_t>(turn % options_.peers);
        const auto peer = address(peer_base + index, seat_.port);
        if (connect(fd, generic(peer), sizeof peer) != 0)
            return give_up(fd);
        if (options_.request_bytes && send(fd, buffer_, options_.request_bytes, MSG_NOSIGNAL) < 0)
            return give_up(fd);
        return fd;
    }

    static int give_up(int fd) {
        close(fd);
        return -1;
    }

    void end_oldest() {
        const int fd = open_.front();
        open_.erase(open_.begin());
        if (options_.request_bytes)
            recv(fd, buffer_, options_.request_bytes, MSG_WAITALL);
        if (options_.closer == Closer::Server)
            while (recv(fd, buffer_, sizeof buffer_, 0) > 0) {
            }
        close(fd);
        auto& closed = shared_.closed[seat_.worker].value;
        closed.store(closed.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    void wait_for_server() {
        // Signed: a server that closes first is ahead of the client's count.
        const auto behind = [this] {
            const auto closed = shared_.closed[seat_.worker].value.load(std::memory_order_relaxed);
            const auto served = shared_.served[seat_.worker].value.load(std::memory_order_relaxed);
            return static_cast<std::int64_t>(closed - served);
        };
        while (behind() > max_unserved && !shared_.stop.load(std::memory_order_relaxed))
            sched_yield();
    }

    const Options& options_;
    const Seat& seat_;
    Shared& shared_;
    Pace pace_;
    std::vector<int> open_;
    char buffer_[4096] = {};
};

} // namespace

int open_listener(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto own = address(INADDR_ANY, port);
    if (fd < 0 || bind(fd, generic(own), sizeof own) != 0 || listen(fd, 4096) != 0) {
        std::fprintf(stderr, "load: listening on port %u: %s\n", port, std::strerror(errno));
        return -1;
    }
    return fd;
}

void run_server(const Options& options, const Seat& seat, Shared& shared) {
    settle_in("load-server", seat.worker, shared);
    static char buffer[4096];
    auto& served = shared.served[seat.worker].value;
    // The parent shuts the listener down when all connections are served, and accept() fails.
    for (int fd = 0; (fd = accept4(seat.listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        if (options.request_bytes) {
            recv(fd, buffer, options.request_bytes, MSG_WAITALL);
            send(fd, buffer, options.request_bytes, MSG_NOSIGNAL);
        }
        if (options.closer == Closer::Client)
            while (recv(fd, buffer, sizeof buffer, 0) > 0) {
            }
        close(fd);
        served.store(served.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    _exit(0);
}

void run_client(const Options& options, const Seat& seat, Shared& shared) {
    settle_in("load-client", seat.worker, shared);
    if (seat.relays <= 1) {
        Client(options, seat, shared).run(seat.quota, 0);
        _exit(0);
    }
    std::uint64_t first = 0;
    for (std::uint32_t i = 0; i < seat.relays && !shared.stop.load(); ++i) {
        const std::uint64_t end = seat.quota * (i + 1) / seat.relays;
        const pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            Client(options, seat, shared).run(end - first, first);
            _exit(0);
        }
        if (child < 0 || waitpid(child, nullptr, 0) < 0)
            shared.errors.fetch_add(1);
        first = end;
    }
    _exit(0);
}

} // namespace load
