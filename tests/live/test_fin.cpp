// When an active close began: the kernel side takes the time from the socket if our FIN is sent at
// once, and must not if it is held back or retransmitted.
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdlib>

#include "catch2.h"
#include "sockets.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr Milliseconds hold(150); ///< not waited for, but measured
constexpr std::uint64_t hold_us = 150'000;
constexpr std::uint64_t ticks_us = 30'000; ///< three of the longest ticks: 100 per second

std::uint64_t now_us() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
            .count());
}

/// No segment reaches this socket, and its peer gets no answer.
void go_deaf(const End& end) {
    sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog filter{1, &nothing};
    check_call(setsockopt(end.fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter),
               "SO_ATTACH_FILTER");
}

void hear_again(const End& end) {
    end.set(SOL_SOCKET, SO_DETACH_FILTER, 0);
}

/// Refuses packets to 127.0.0.1 with EHOSTUNREACH, or accepts them again.
void refuse_loopback(bool refused) {
    const std::string route = refused ? "unreachable 127.0.0.1" : "local 127.0.0.1 dev lo";
    check(std::system(("ip route replace " + route + " table local").c_str()) == 0, "ip route");
}

void await_acknowledged(const End& end) {
    await("everything is acknowledged", [&] {
        tcp_info info{};
        socklen_t length = sizeof info;
        check_call(getsockopt(end.fd.get(), IPPROTO_TCP, TCP_INFO, &info, &length), "TCP_INFO");
        return info.tcpi_unacked == 0;
    });
}

/// CLOCK_MONOTONIC in microseconds: the bounds of the times of opening and of closing.
struct Times {
    std::uint64_t opening = 0;
    std::uint64_t open = 0;
    std::uint64_t closing = 0;
    std::uint64_t closed = 0;
};

void close_now(End& end, Times& times) {
    times.closing = now_us();
    end.close();
    times.closed = now_us();
}

/// close(), a delay, and the peer's reading to the end.
using SlowClose = void (*)(Connection&, Times&);

void at_once(Connection& c, Times& times) {
    close_now(c.active, times);
    c.passive.read_to_eof();
}

void lost(Connection& c, Times& times) {
    go_deaf(c.passive);
    close_now(c.active, times);
    std::this_thread::sleep_for(hold);
    hear_again(c.passive);
    c.passive.read_to_eof();
}

void refused(Connection& c, Times& times) {
    refuse_loopback(true);
    close_now(c.active, times);
    std::this_thread::sleep_for(hold);
    refuse_loopback(false);
    c.passive.read_to_eof();
}

void full_queue(Connection& c, Times& times) {
    const std::string block(65536, 'x');
    while (send(c.active.fd.get(), block.data(), block.size(), MSG_DONTWAIT) > 0) {
    }
    close_now(c.active, times);
    std::this_thread::sleep_for(hold);
    c.passive.read_to_eof();
}

void paced(Connection& c, Times& times) {
    hold_back(c.active, c.passive, hold);
    await_acknowledged(c.active); // otherwise it would count as a full queue
    close_now(c.active, times);
    c.passive.read_to_eof();
}

/// A connection of at least `hold`, and its close.
std::string open_and_close(SlowClose close) {
    Times times;
    times.opening = now_us();
    Connection c = connect_pair(Family::V4, Role::Client);
    times.open = now_us();
    std::this_thread::sleep_for(hold);
    close(c, times);
    c.passive.close();
    await("the end", [&] { return diag_state(c, c.active).minisock; });
    return json({times.opening, times.open, times.closing, times.closed}).dump();
}

Times run(const TestNamespace& ns, SlowClose close) {
    const json times = json::parse(ns.run_in([&] { return open_and_close(close); }));
    return {times[0], times[1], times[2], times[3]};
}

} // namespace

TEST_CASE("fin: a close begins when the program closes, even if its FIN is sent late", "[fin]") {
    if (!can_trace()) {
        return;
    }
    const auto [name, close, held_up_us, slack_us] =
        GENERATE(table<const char*, SlowClose, std::uint64_t, std::uint64_t>({
            {"at once", at_once, 0, 0},
            {"lost, and sent again", lost, hold_us, ticks_us},
            {"refused by this host, and sent later", refused, hold_us, ticks_us},
            {"behind a full send queue", full_queue, hold_us, 0},
            {"paced", paced, hold_us / 2, 0},
        }));
    const TestNamespace ns;
    Tracer tracer({"trace", "-o", "json", "--netns", ns.path()});
    const Times times = run(ns, close);
    const auto events = parse_events(tracer.stop().out);
    REQUIRE(events.size() == 1);
    INFO(name << ": " << events[0].dump());
    const auto close_us = events[0].at("close_us").get<std::uint64_t>();
    CHECK(close_us + slack_us >= held_up_us);
    const auto lifetime_us = events[0].at("lifetime_us").get<std::uint64_t>();
    CHECK(lifetime_us + 1 + slack_us >= times.closing - times.open);
    CHECK(lifetime_us <= times.closed - times.opening + 1 + slack_us);
}
