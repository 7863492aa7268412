#include "catch2.h"

#include "doctor/observer.h"
#include "doctor/port_counter.h"
#include "doctor/wording.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::doctor;
using namespace twtrace::test;

namespace {

TcpSocket socket_to(const char* remote, std::uint16_t local_port, std::uint32_t remaining_ms = 0) {
    TcpSocket socket;
    socket.local = address("10.0.0.1");
    socket.remote = address(remote);
    socket.local_port = local_port;
    socket.remote_port = 80;
    socket.state = remaining_ms > 0 ? TcpState::TimeWait : TcpState::Established;
    socket.minisock = remaining_ms > 0;
    socket.remaining_ms = remaining_ms;
    return socket;
}

NetSettings default_settings() {
    NetSettings settings;
    settings.ephemeral = {32'768, 60'999};
    settings.tw_reuse = 2;
    settings.timestamps = 1;
    return settings;
}

Observations observed(Observer& observer) {
    Observations seen;
    observer.finish(seen);
    return seen;
}

} // namespace

TEST_CASE("observer: a flow has the pid that closed most, not the last one") {
    Flow flow;
    flow.count_for(10, 3);
    flow.count_for(20, 1);
    CHECK(flow.pid == 10);
    for (int close = 0; close < 100; ++close)
        flow.count_for(close % 3 == 0 ? 30 : 20, 1);
    CHECK(flow.pid == 20);
    flow.count_for(40, 10'000);
    flow.count_for(20, 1);
    CHECK(flow.pid == 40);
}

TEST_CASE(
    "doctor's observer: one flow for each service and destination, regardless of the local port") {
    Observer observer;
    Event event = client_v4();
    observer.add(event);
    event.local_port = 45'679;
    event.port_bound = true;
    observer.add(event);
    event.remote_port = 81;
    observer.add(event);
    const Observations seen = observed(observer);
    REQUIRE(seen.flows.size() == 2);
    const Flow& flow = seen.flows[seen.flows[0].port == 8080 ? 0 : 1];
    CHECK(flow.time_wait == 2);
    CHECK(flow.bound == 1);
    CHECK(flow.service == "nginx.service");
    CHECK(flow.comm == "nginx");
    CHECK(flow.pid == 1234);
    CHECK(flow.bytes == 116'046);                     // twice 1234 + 56789
    CHECK(flow.lifetimes.median_below_us() == 2048U); // 1500 us
    CHECK(seen.totals.time_wait == 3);
    CHECK(seen.visits.empty());
}

TEST_CASE("doctor's observer: a server has one flow for each port and one visit for each client") {
    Observer observer;
    Event event = client_v4();
    event.role = Role::Server;
    event.local_port = 443;
    for (const char* client : {"10.0.0.20", "10.0.0.21", "10.0.0.21"}) {
        event.remote = address(client);
        observer.add(event);
    }
    const Observations seen = observed(observer);
    REQUIRE(seen.flows.size() == 1);
    CHECK(seen.flows[0].port == 443);
    CHECK(seen.flows[0].time_wait == 3);
    CHECK(seen.visits.size() == 2);
}

TEST_CASE("doctor's observer: the kinds of close") {
    Observer observer;
    Event event = client_v4();
    event.type = EventType::Aborted;
    event.reason = Reason::LocalReset;
    observer.add(event);
    event.reason = Reason::Overflow;
    observer.add(event);
    event.reason = Reason::PeerReset;
    observer.add(event);
    event.type = EventType::PortExhausted;
    observer.add(event, 5);
    event.type = EventType::PassiveClose;
    observer.add(event);
    const Observations seen = observed(observer);
    REQUIRE(seen.flows.size() == 1);
    CHECK(seen.flows[0].local_resets == 1);
    CHECK(seen.flows[0].overflows == 1);
    CHECK(seen.flows[0].no_port == 5);
    CHECK(seen.flows[0].passive_close == 1);
    CHECK(seen.flows[0].time_wait == 0);
}

TEST_CASE("doctor's observer: flows are bounded, totals are not") {
    Observer observer({.flows = 3, .visits = 1});
    Event event = client_v4();
    for (std::uint8_t last = 0; last < 10; ++last) {
        event.remote.bytes[3] = last;
        observer.add(event);
    }
    const Observations seen = observed(observer);
    CHECK(seen.flows.size() == 3);
    CHECK(seen.beyond == 7);
    CHECK(seen.totals.time_wait == 10);
}

TEST_CASE("doctor's regularity: regular and random intervals") {
    Regularity clock;
    for (std::uint64_t tick = 1; tick <= 10; ++tick)
        clock.add(tick * 500'000'000);
    CHECK(clock.times() == 10);
    CHECK(clock.interval_s() == 0.5);
    CHECK(clock.variation() < 0.001);
    Regularity pairs;
    for (std::uint64_t tick = 1; tick <= 10; ++tick) {
        pairs.add(tick * 1'000'000'000);
        pairs.add(tick * 1'000'000'000 + 1000);
    }
    CHECK(pairs.variation() > 0.9);
}

namespace {
constexpr std::uint64_t now_ns = 3'600'000'000'000;
}

TEST_CASE("doctor's port counter: one port for each socket, by source and destination") {
    const NetSettings settings = default_settings();
    PortSet listeners;
    listeners.insert(40'000);
    PortCounter counter(settings, listeners, now_ns);
    counter.add(socket_to("10.0.0.2", 33'000));
    counter.add(socket_to("10.0.0.2", 33'001, 30'000));
    counter.add(socket_to("10.0.0.3", 33'000));
    counter.add(socket_to("10.0.0.2", 40'000)); // accepted
    counter.add(socket_to("10.0.0.2", 8080));   // outside the range
    const auto uses = counter.most_used(10, nullptr);
    REQUIRE(uses.size() == 2);
    CHECK(uses[0].remote == address("10.0.0.2"));
    CHECK(uses[0].open == 1);
    CHECK(uses[0].time_wait == 1);
    CHECK(uses[0].held() == 2);
    CHECK(counter.most_used(1, nullptr).size() == 1);
    CHECK(counter.destinations() == 2);
}

TEST_CASE("doctor's port counter: ports that tcp_tw_reuse may take over") {
    NetSettings settings = default_settings();
    const PortSet none;
    const auto reusable = [&](const char* remote, std::uint32_t age_ms, TcpState state) {
        PortCounter counter(settings, none, now_ns);
        TcpSocket socket = socket_to(remote, 33'000, 60'000 - age_ms);
        socket.state = state;
        counter.add(socket);
        return counter.most_used(1, nullptr).at(0).reusable == 1;
    };
    CHECK_FALSE(reusable("10.0.0.2", 5000, TcpState::TimeWait)); // 2: loopback only
    CHECK(reusable("127.0.0.1", 1000, TcpState::TimeWait));
    CHECK(reusable("::1", 1000, TcpState::TimeWait));
    CHECK_FALSE(reusable("127.0.0.1", 999, TcpState::TimeWait));
    CHECK_FALSE(reusable("127.0.0.1", 5000, TcpState::FinWait2));
    PortCounter counter(settings, none, now_ns);
    TcpSocket waiting = socket_to("127.0.0.1", 33'000, 4000);
    waiting.state = TcpState::FinWait2;
    counter.add(waiting);
    counter.add(socket_to("127.0.0.1", 33'002, 4000));
    CHECK(counter.most_used(1, nullptr).at(0).time_wait == 2);
    CHECK(counter.most_used(1, nullptr).at(0).fin_wait2 == 1);
    settings.tw_reuse = 1;
    CHECK(reusable("10.0.0.2", 1000, TcpState::TimeWait));
    settings.tw_reuse_delay_ms = 3000;
    CHECK_FALSE(reusable("10.0.0.2", 2999, TcpState::TimeWait));
    CHECK(port_hold_s(settings, address("10.0.0.1"), address("10.0.0.2")) == 3.0);
    settings.timestamps = 0;
    CHECK_FALSE(reusable("10.0.0.2", 5000, TcpState::TimeWait));
    settings.timestamps = 1;
    settings.tw_reuse = 0;
    CHECK_FALSE(reusable("127.0.0.1", 5000, TcpState::TimeWait));
    CHECK(port_hold_s(settings, address("10.0.0.1"), address("10.0.0.2")) == 60.0);
}

TEST_CASE("doctor's port counter: ports held before the run, up to its bound") {
    const NetSettings settings = default_settings();
    const PortSet none;
    PortCounter before(settings, none, now_ns);
    PortCounter after(settings, none, now_ns, 1);
    before.add(socket_to("10.0.0.2", 33'000));
    after.add(socket_to("10.0.0.2", 33'000));
    after.add(socket_to("10.0.0.2", 33'002));
    after.add(socket_to("10.0.0.3", 33'002));
    CHECK(after.most_used(1, &before).at(0).held_before == 1);
    CHECK(after.beyond() == 1);
}

TEST_CASE("doctor's port counter: the ports of each local address, which bind() needs") {
    const NetSettings settings = default_settings();
    const PortSet none;
    PortCounter counter(settings, none, now_ns);
    TcpSocket socket = socket_to("10.0.0.2", 33'000);
    counter.add(socket);
    socket.local = address("10.0.0.9");
    for (const char* remote : {"10.0.0.2", "10.0.0.3"}) {
        socket.remote = address(remote);
        for (std::uint16_t port = 33'000; port < 33'010; ++port) {
            socket.local_port = port;
            counter.add(socket);
        }
    }
    const auto addresses = counter.most_used_addresses(10);
    REQUIRE(addresses.size() == 2);
    CHECK(addresses[0] == AddressPorts{address("10.0.0.9"), 10, 20});
    CHECK(addresses[1] == AddressPorts{address("10.0.0.1"), 1, 1});
    CHECK(counter.most_used_addresses(1).size() == 1);
}

TEST_CASE("doctor's port counter: TIME_WAITs that a failed connect() passed over") {
    NetSettings settings = default_settings();
    settings.tw_reuse = 1;
    const PortSet none;
    PortCounter counter(settings, none, now_ns);
    counter.add(socket_to("10.0.0.2", 33'000, 40'000)); // 20 s old
    counter.add(socket_to("10.0.0.2", 33'002, 55'000)); // 5 s
    counter.add(socket_to("10.0.0.2", 33'004));         // open
    const auto failed = [&](std::uint64_t ago_s) {
        return counter.most_used(1, nullptr,
                                 [&](const PortUse&) { return now_ns - ago_s * 1'000'000'000; })[0];
    };
    CHECK(failed(2).passed_over == 2);
    CHECK(failed(5).passed_over == 1); // the younger one could not be taken over at that time
    CHECK(failed(30).passed_over == 0);
    CHECK(counter.most_used(1, nullptr)[0].passed_over == 0);
}

TEST_CASE("doctor's observer: closes without TCP timestamps, and when connect() failed last") {
    Observer observer;
    Event event = client_v4();
    observer.add(event);
    event.timestamps = false;
    event.stage = Stage::FinWait2;
    observer.add(event);
    event.timestamps.reset();
    event.stage = Stage::TimeWait;
    observer.add(event);
    event.type = EventType::PortExhausted;
    event.time_ns = 77;
    observer.add(event);
    Observations seen;
    observer.finish(seen);
    CHECK(seen.flows.at(0).time_wait == 3);
    CHECK(seen.flows.at(0).without_timestamps == 1);
    CHECK(seen.flows.at(0).fin_wait2 == 1);
    CHECK(seen.flows.at(0).last_no_port_ns == 77);
}

TEST_CASE("doctor's observer: ports of bind(), and why connect() found none") {
    Observer observer;
    Event event = client_v4();
    event.port_bound = true;
    for (std::uint16_t port = 40'000; port < 40'010; ++port) {
        event.local_port = port;
        observer.add(event);
        observer.add(event);
    }
    event.port_chosen = true; // bind(address, PORT): chosen by the program
    event.local_port = 44'052;
    observer.add(event);
    event.type = EventType::PortExhausted;
    event.reason = Reason::PortTaken;
    observer.add(event);
    event.reason = Reason::OwnRange;
    observer.add(event);
    event.reason = Reason::None;
    observer.add(event);
    Observations seen;
    observer.finish(seen);
    const Flow& flow = seen.flows.at(0);
    CHECK(flow.bound == 20);
    CHECK(flow.chosen == 1);
    CHECK(flow.port_taken == 1);
    CHECK(flow.last_port == 44'052);
    CHECK(flow.own_range == 1);
    CHECK(flow.no_port == 1);
    CHECK(seen.bound_ports.at({event.netns, event.local}) == 10);
    CHECK(seen.bound_ports_of(event.netns) == 10);
    CHECK(seen.bound_ports_of(7) == 0);
}

TEST_CASE("observer: processes of one service are counted, with their parent") {
    static const Owner by_script{"curl", "", "", "/", "check_backend.sh", "", "curl"};
    Observer observer;
    for (std::uint32_t pid = 100; pid < 250; ++pid) {
        Event event = client_v4();
        event.task.pid = event.task.tid = pid;
        event.owner = &by_script;
        observer.add(event);
    }
    Observations seen;
    observer.finish(seen);
    REQUIRE(seen.flows.size() == 1);
    CHECK(seen.flows.front().processes.count() == 150);
    CHECK(who(seen.flows.front()) == "curl (150 processes started by check_backend.sh)");
}
