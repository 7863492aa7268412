// When an active close began: the kernel side takes it from the socket where our FIN leaves at
// once, and must not where it is held back or has to be sent again.
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <ctime>

#include "catch2.h"
#include "sockets.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr Milliseconds hold(150); ///< not awaited, but measured
constexpr std::uint64_t hold_us = 150'000;
constexpr std::uint64_t tick_us = 10'000; ///< the longest there is: 100 a second

std::uint64_t now_us() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
            .count());
}

/// Nothing that comes in reaches this socket, and its peer gets no answer.
void go_deaf(const End& end) {
    sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog filter{1, &nothing};
    check_call(setsockopt(end.fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter),
               "SO_ATTACH_FILTER");
}

void hear_again(const End& end) {
    end.set(SOL_SOCKET, SO_DETACH_FILTER, 0);
}

/// close(), what makes it last, and the peer's reading to the end.
using SlowClose = void (*)(Connection&);

void at_once(Connection& c) {
    c.active.close();
    c.passive.read_to_eof();
}

void lost_fin(Connection& c) {
    go_deaf(c.passive);
    c.active.close();
    std::this_thread::sleep_for(hold);
    hear_again(c.passive);
    c.passive.read_to_eof();
}

void full_queue(Connection& c) {
    const std::string block(65536, 'x');
    while (send(c.active.fd.get(), block.data(), block.size(), MSG_DONTWAIT) > 0) {
    }
    c.active.close();
    std::this_thread::sleep_for(hold);
    c.passive.read_to_eof();
}

void paced(Connection& c) {
    hold_back(c.active, c.passive, hold);
    c.active.close();
    c.passive.read_to_eof();
}

/// A connection of at least `hold`, and its close; how long all of it took.
std::uint64_t open_and_close(SlowClose close) {
    const std::uint64_t begin = now_us();
    Connection c = connect_pair(Family::V4, Role::Client);
    std::this_thread::sleep_for(hold);
    close(c);
    c.passive.close();
    await("the end", [&] { return diag_state(c, c.active).minisock; });
    return now_us() - begin;
}

} // namespace

TEST_CASE("fin: a close begins when the program closes, whenever its FIN goes out", "[fin]") {
    if (!can_trace()) {
        return;
    }
    const auto [name, close, least_us, slack_us] =
        GENERATE(table<const char*, SlowClose, std::uint64_t, std::uint64_t>({
            {"at once", at_once, 0, 0},
            {"lost, and sent again", lost_fin, hold_us, tick_us},
            {"behind a full send queue", full_queue, hold_us, 0},
            {"paced", paced, hold_us / 2, 0},
        }));
    const TestNamespace ns;
    Tracer tracer({"trace", "-o", "json", "--netns", ns.path()});
    const std::uint64_t all_us =
        std::stoull(ns.run_in([&] { return std::to_string(open_and_close(close)); }));
    const auto events = parse_events(tracer.stop().out);
    REQUIRE(events.size() == 1);
    INFO(name << ", " << all_us << " us in all: " << events[0].dump());
    const auto close_us = events[0].at("close_us").get<std::uint64_t>();
    const auto lifetime_us = events[0].at("lifetime_us").get<std::uint64_t>();
    CHECK(close_us + slack_us >= least_us);
    CHECK(lifetime_us + slack_us >= hold_us);
    CHECK(lifetime_us + close_us <= all_us + slack_us);
}
