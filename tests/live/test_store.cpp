// More sockets at a time than the kernel side's table has places: each keeps its opening and
// closer.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "catch2.h"
#include "errors.h"
#include "fd.h"
#include "forked.h"
#include "tracer.h"
#include "witness.h"

using namespace live;
using nlohmann::json;

namespace {

// tools/many-sockets runs this with a million.
std::size_t connections_wanted() {
    const char* sockets = std::getenv("TWTRACE_MANY_SOCKETS");
    return (sockets != nullptr ? std::strtoul(sockets, nullptr, 10) : 60'000) / 2;
}

constexpr std::size_t max_sockets_per_process = 20'000;

std::size_t raise_descriptors() {
    rlimit limit{};
    check_call(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    check_call(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    return static_cast<std::size_t>(limit.rlim_max);
}

/// A process that holds connections, and executes orders on all of them.
class Crowd {
  public:
    Crowd(const TestNamespace& ns, std::uint16_t port, std::size_t connections)
        : pipes_(make_pipes()), child_([&] {
              ns.enter();
              raise_descriptors();
              run(port, connections);
              return std::string();
          }) {}

    /// Orders the next step: connect, shut down, close.
    void order() const { write_byte(pipes_[1]); }
    void await_done() const { read_byte(pipes_[2]); }
    void collect() { child_.collect(); }

  private:
    static std::array<Fd, 4> make_pipes() {
        std::array<int, 4> ends{};
        check_call(pipe(ends.data()), "pipe");
        check_call(pipe(ends.data() + 2), "pipe");
        return {Fd(ends[0]), Fd(ends[1]), Fd(ends[2]), Fd(ends[3])};
    }
    static void write_byte(const Fd& fd) { check(write(fd.get(), "x", 1) == 1, "write"); }
    static void read_byte(const Fd& fd) {
        char byte = 0;
        check(read(fd.get(), &byte, 1) == 1, "the other process has ended");
    }

    void run(std::uint16_t port, std::size_t connections) {
        const Fd listener(check_call(socket(AF_INET, SOCK_STREAM, 0), "socket"));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        check_call(bind(listener.get(), generic, sizeof address), "bind");
        check_call(listen(listener.get(), 16), "listen");
        std::vector<Fd> active;
        std::vector<Fd> passive;
        read_byte(pipes_[0]);
        for (std::size_t i = 0; i < connections; ++i) {
            active.emplace_back(check_call(socket(AF_INET, SOCK_STREAM, 0), "socket"));
            check_call(connect(active.back().get(), generic, sizeof address), "connect");
            passive.emplace_back(check_call(accept(listener.get(), nullptr, nullptr), "accept"));
        }
        write_byte(pipes_[3]);
        read_byte(pipes_[0]);
        for (const Fd& fd : active) {
            check_call(shutdown(fd.get(), SHUT_WR), "shutdown");
        }
        // If the FIN is still in flight when the other end closes, both are active closers.
        for (const Fd& fd : passive) {
            char byte = 0;
            check_call(recv(fd.get(), &byte, 1, 0), "recv");
        }
        write_byte(pipes_[3]);
        read_byte(pipes_[0]);
        passive.clear();
        active.clear();
        write_byte(pipes_[3]);
    }

    std::array<Fd, 4> pipes_;
    Forked child_;
};

std::vector<Crowd> make_crowds(const TestNamespace& ns, std::size_t connections) {
    const std::size_t most = std::min(max_sockets_per_process, (raise_descriptors() - 100) / 2);
    std::vector<Crowd> crowds;
    crowds.reserve((connections + most - 1) / most);
    for (std::size_t begun = 0; begun < connections; begun += most) {
        crowds.emplace_back(ns, static_cast<std::uint16_t>(1000 + crowds.size()),
                            std::min(most, connections - begun));
    }
    return crowds;
}

void step(const std::vector<Crowd>& crowds) {
    for (const Crowd& crowd : crowds) {
        crowd.order();
    }
    for (const Crowd& crowd : crowds) {
        crowd.await_done();
    }
}

} // namespace

TEST_CASE("store: many sockets at a time keep their closer, role and lifetime", "[store]") {
    if (!can_trace()) {
        return;
    }
    const std::size_t connections = connections_wanted();
    const TestNamespace ns;
    const Witness witness;
    ns.set_sysctl("net.ipv4.ip_local_port_range", "2048 65000");
    ns.set_sysctl("net.ipv4.tcp_max_tw_buckets", "2000000");
    // Started before the sockets exist, so that the table is sized for few sockets.
    Tracer tracer({"trace", "-o", "json", "--netns", ns.path(), "--ring", "64M"});
    std::vector<Crowd> crowds = make_crowds(ns, connections);
    step(crowds); // connect
    step(crowds); // shut down: now each has its closer
    step(crowds); // close
    for (Crowd& crowd : crowds) {
        crowd.collect();
    }
    tracer.command().signal(SIGINT);
    const CommandResult result = tracer.wait(Milliseconds(60000));
    INFO(result.err);
    const auto lines = lines_of(result.out);
    std::size_t complete = 0;
    for (const std::string& line : lines) {
        const json event = json::parse(line);
        complete += event.at("pid").is_number() && event.at("lifetime_us").is_number() &&
                            event.at("role") == "client" && !event.at("role_inferred").get<bool>()
                        ? 1
                        : 0;
    }
    const std::uint64_t hidden = witness.hidden_entries();
    CHECK(lines.size() <= connections);
    CHECK(lines.size() + hidden >= connections);
    CHECK(complete == lines.size());
    CHECK(result.err.find("without a closer") == std::string::npos);
    CHECK(result.err.find("untracked") == std::string::npos);
}
