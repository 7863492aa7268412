#include "catch2.h"

#include <cmath>
#include <string>
#include <vector>

#include "aggregate/snapshot.h"
#include "events.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

bool near(double a, double b) {
    return std::abs(a - b) < 1e-9;
}

Event to_port(std::uint16_t remote_port) {
    Event event = client_v4();
    event.remote_port = remote_port;
    return event;
}

// Adds each event a number of times, in namespaces with this number of usable ports.
const PortsHeld& held(const std::vector<std::pair<Event, std::uint64_t>>& events,
                      std::uint32_t usable) {
    static PortsHeld ports(0);
    ports = PortsHeld(100);
    PortRules rules;
    rules.usable = usable;
    RulesByNetns by_netns;
    for (const auto& [event, times] : events)
        by_netns[event.netns] = rules;
    ports.set_rules(by_netns);
    for (const auto& [event, times] : events)
        ports.add(event, times, 0, 1'000'000'000);
    return ports;
}

} // namespace

TEST_CASE("snapshot: rate, share and how of each group") {
    Aggregator aggregator(GroupBy::Process);
    Event other = client_v4();
    other.task.pid = 2;
    other.how = How::Exit;
    aggregator.add(client_v4(), 30);
    aggregator.add(other, 10);
    const auto rows = rows_of(aggregator, 4.0, 10);
    REQUIRE(rows.size() == 2);
    CHECK(near(rows[0].rate, 7.5));
    CHECK(near(rows[0].share, 0.75));
    CHECK(near(rows[1].share, 0.25));
    CHECK(rows[0].how[TWTRACE_HOW_CLOSE] == 30);
    CHECK(rows[1].how[TWTRACE_HOW_EXIT] == 10);
    CHECK(rows[0].pid == 1234U);
    CHECK(rows[0].comm == "nginx");
    CHECK(rows[0].unit == "nginx.service");
    CHECK(rows[0].netns == 4026531840U);
    CHECK(rows[0].role == Role::Client);
}

TEST_CASE("snapshot: a value that a group does not know or share is null") {
    Aggregator aggregator(GroupBy::Netns);
    aggregator.add(unknown_closer());
    const auto row = rows_of(aggregator, 1.0, 10).front();
    CHECK_FALSE(row.pid);
    CHECK_FALSE(row.comm);
    CHECK_FALSE(row.service);
    CHECK_FALSE(row.unit);
    CHECK_FALSE(row.container);
    CHECK_FALSE(row.netns);
    CHECK_FALSE(row.role);
    CHECK_FALSE(row.service_port);
    CHECK_FALSE(row.lifetime_p50_us);
    CHECK_FALSE(row.lifetime_max_us);
    CHECK_FALSE(row.is_other);
}

TEST_CASE("snapshot: peers come largest first; those beyond the requested number are added up") {
    Aggregator aggregator(GroupBy::Process);
    for (std::uint16_t port = 1; port <= 5; ++port)
        aggregator.add(to_port(port), port);
    const auto peers = rows_of(aggregator, 1.0, 2).front().peers;
    REQUIRE(peers.size() == 3);
    CHECK(peers[0].time_wait == 5);
    CHECK(peers[0].service_port == 5);
    CHECK(peers[0].remote == address("10.0.0.20"));
    CHECK(peers[1].time_wait == 4);
    CHECK_FALSE(peers[2].remote);
    CHECK_FALSE(peers[2].service_port);
    CHECK(peers[2].time_wait == 6);
    CHECK(rows_of(aggregator, 1.0, 5).front().peers.size() == 5);
}

TEST_CASE("snapshot: a client takes ephemeral ports, a server takes none") {
    Aggregator clients(GroupBy::Process);
    clients.add(client_v4(), 100);
    CHECK(near(*rows_of(clients, 10.0, 9, &held({{client_v4(), 100}}, 1000))
                    .front()
                    .peers.front()
                    .port_use,
               0.1));
    CHECK(near(
        *rows_of(clients, 10.0, 9, &held({{client_v4(), 100}}, 50)).front().peers.front().port_use,
        1.0));
    CHECK_FALSE(rows_of(clients, 10.0, 9).front().peers.front().port_use);
    const PortsHeld& some = held({{client_v4(), 100}}, 1000);
    Event server = client_v4();
    server.role = Role::Server;
    Aggregator servers(GroupBy::Process);
    servers.add(server);
    CHECK_FALSE(rows_of(servers, 10.0, 9, &some).front().peers.front().port_use);
    CHECK(rows_of(servers, 10.0, 9, &some).front().peers.front().service_port == 45678);
    Aggregator unknown(GroupBy::Process);
    unknown.add(unknown_closer());
    CHECK_FALSE(rows_of(unknown, 10.0, 9, &some).front().peers.front().port_use);
    CHECK_FALSE(rows_of(unknown, 10.0, 9, &some).front().peers.front().service_port);
}

TEST_CASE("snapshot: the worst source address is shown, and namespaces are not added up") {
    Event other_source = client_v4();
    other_source.local.bytes[3] = 99;
    Event elsewhere = client_v4();
    elsewhere.netns = 7;
    Aggregator by_peer(GroupBy::Peer);
    by_peer.add(client_v4(), 300);
    by_peer.add(other_source, 400);
    by_peer.add(elsewhere, 200);
    const auto rows = rows_of(
        by_peer, 10.0, 9, &held({{client_v4(), 300}, {other_source, 400}, {elsewhere, 200}}, 1000));
    REQUIRE(rows.size() == 1);
    const PeerRow& peer = rows.front().peers.front();
    CHECK(near(*peer.port_use, 0.4));
    CHECK(peer.port_use_source == other_source.local);
    CHECK(peer.several_sources);
}

TEST_CASE("snapshot: the ports towards a peer are shared by all that connect to it") {
    Aggregator workers(GroupBy::Process);
    Event elsewhere = client_v4();
    elsewhere.netns = 7;
    elsewhere.task.pid = 99;
    workers.add(elsewhere, 500);
    for (std::uint32_t pid = 1; pid <= 4; ++pid) {
        Event event = client_v4();
        event.task.pid = pid;
        workers.add(event, 100);
    }
    const auto rows =
        rows_of(workers, 10.0, 9, &held({{elsewhere, 500}, {client_v4(), 400}}, 1000));
    REQUIRE(rows.size() == 5);
    CHECK(near(*rows[0].peers.front().port_use, 0.5)); // its own port range
    for (std::size_t index = 1; index < 5; ++index) {
        CHECK(rows[index].peers.front().time_wait == 100);
        CHECK(near(*rows[index].peers.front().port_use, 0.4));
    }
}

TEST_CASE("snapshot: a peer or a listener is named even if nothing entered TIME_WAIT") {
    Event exhausted = client_v4();
    exhausted.type = EventType::PortExhausted;
    exhausted.stage = Stage::None;
    Aggregator by_peer(GroupBy::Peer);
    by_peer.add(exhausted);
    const auto peer = rows_of(by_peer, 1.0, 9).front();
    CHECK(peer.remote == address("10.0.0.20"));
    CHECK(peer.service_port == 8080);
    CHECK(peer.peers.empty());
    Event passive = client_v4();
    passive.type = EventType::PassiveClose;
    passive.role = Role::Server;
    passive.local_port = 443;
    Aggregator by_listener(GroupBy::Listener);
    by_listener.add(passive);
    passive.remote = address("10.0.0.21");
    by_listener.add(passive);
    const auto listener = rows_of(by_listener, 1.0, 9).front();
    CHECK(listener.service_port == 443);
    CHECK_FALSE(listener.remote);
}

TEST_CASE("snapshot: the quantiles of a lifetime") {
    Aggregator aggregator(GroupBy::Process);
    for (std::uint64_t us = 1; us <= 100; ++us) {
        Event event = client_v4();
        event.established_ns = 1'000'000;
        event.fin_wait1_ns = 1'000'000 + us * 1000;
        aggregator.add(event);
    }
    aggregator.add(unknown_closer()); // has no lifetime, which does not count as 0
    const auto row = rows_of(aggregator, 1.0, 9).front();
    CHECK(*row.lifetime_p50_us >= 50);
    CHECK(*row.lifetime_p50_us <= 56);
    CHECK(*row.lifetime_p90_us >= 90);
    CHECK(*row.lifetime_p99_us >= 99);
    CHECK(row.lifetime_max_us == 100U);
}

TEST_CASE("snapshot: without a duration or time-waits there is no division by zero") {
    Aggregator aggregator(GroupBy::Process);
    Event event = client_v4();
    event.type = EventType::PassiveClose;
    aggregator.add(event);
    const auto row = rows_of(aggregator, 0.0, 9).front();
    CHECK(near(row.rate, 0));
    CHECK(near(row.share, 0));
}

TEST_CASE("snapshot: processes of one name with few closes each share a row, if requested") {
    static const Owner by_script{"curl", "", "", "/", "check_backend.sh", "", "curl"};
    Aggregator aggregator(GroupBy::Process);
    for (std::uint32_t pid = 100; pid < 250; ++pid) {
        Event event = client_v4();
        event.task.pid = event.task.tid = pid;
        event.owner = &by_script;
        set_comm(event, "curl");
        aggregator.add(event);
    }
    Event busy = client_v4();
    busy.task.pid = busy.task.tid = 300;
    busy.owner = &by_script;
    set_comm(busy, "curl");
    aggregator.add(busy, 200);
    const auto rows = rows_of(aggregator, 1.0, 10, nullptr, true);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].pid == 300U);
    CHECK(rows[0].processes == 1U);
    CHECK_FALSE(rows[1].pid);
    CHECK(rows[1].processes == 150U);
    CHECK(rows[1].counts.time_wait == 150);
    CHECK(rows[1].service == "curl");
    CHECK(rows[1].parent == "check_backend.sh");
    REQUIRE(rows[1].peers.size() == 1);
    CHECK(rows[1].peers.front().time_wait == 150);
    CHECK(rows_of(aggregator, 1.0, 10).size() == 151);
    Snapshot snapshot;
    fill_rows(snapshot, aggregator, 10, nullptr, true);
    CHECK(snapshot.folded);
}
