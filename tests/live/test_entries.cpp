// Entries into TIME_WAIT that the socket's error and state do not determine, but the minisock does.
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "catch2.h"
#include "sockets.h"
#include "tracer.h"
#include "witness.h"
#include "worker.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int times = 5;
constexpr int tcp_closing = 11;
constexpr int tcp_syn_recv = 3;

// From now on no segment reaches this end: no FIN of the other side is acknowledged.
void make_deaf(const End& end) {
    std::array<sock_filter, 1> drop_all{sock_filter{BPF_RET | BPF_K, 0, 0, 0}};
    const sock_fprog program{drop_all.size(), drop_all.data()};
    check_call(setsockopt(end.fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program),
               "SO_ATTACH_FILTER");
}

void reach_closing(Connection& c, std::uint64_t unread) {
    make_deaf(c.passive);
    c.active.shutdown_write();
    if (unread > 0) {
        c.passive.send(unread);
    }
    c.passive.shutdown_write();
    c.active.await_state(tcp_closing);
}

std::uint32_t next_sequence_number(const End& end) {
    end.set(IPPROTO_TCP, TCP_REPAIR, 1);
    end.set(IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
    std::uint32_t number = 0;
    socklen_t length = sizeof number;
    check_call(getsockopt(end.fd.get(), IPPROTO_TCP, TCP_QUEUE_SEQ, &number, &length),
               "TCP_QUEUE_SEQ");
    end.set(IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_NO_QUEUE);
    end.set(IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
    return number;
}

std::uint16_t checksum(const void* data, std::size_t bytes) {
    const auto* words = static_cast<const std::uint8_t*>(data);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes; i += 2) {
        sum += static_cast<std::uint32_t>(words[i] << 8 | words[i + 1]);
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return htons(static_cast<std::uint16_t>(~sum));
}

// ICMP "host unreachable" about the next segment of this end (RFC 792).
void send_unreachable(const End& end) {
    struct {
        icmphdr icmp;
        iphdr ip;
        std::uint16_t source;
        std::uint16_t destination;
        std::uint32_t sequence;
    } packet{};
    static_assert(sizeof packet == 8 + 20 + 8);
    packet.icmp.type = ICMP_DEST_UNREACH;
    packet.icmp.code = ICMP_HOST_UNREACH;
    packet.ip.version = 4;
    packet.ip.ihl = 5;
    packet.ip.tot_len = htons(40);
    packet.ip.ttl = 64;
    packet.ip.protocol = IPPROTO_TCP;
    packet.ip.saddr = htonl(INADDR_LOOPBACK);
    packet.ip.daddr = htonl(INADDR_LOOPBACK);
    packet.source = htons(end.local.port);
    packet.destination = htons(end.remote.port);
    packet.sequence = htonl(next_sequence_number(end));
    packet.icmp.checksum = checksum(&packet, sizeof packet);
    const Fd raw(check_call(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP), "socket"));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check_call(
        sendto(raw.get(), &packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&to), sizeof to),
        "sendto");
}

struct Seen {
    std::size_t time_wait = 0;
    std::size_t aborted = 0;
    std::size_t local_resets = 0;
    std::uint64_t kernel = 0;
};

Seen trace_closes(const std::function<void(Connection&)>& close) {
    const TestNamespace ns;
    // Orphaned sockets whose peer ignores every packet would keep the namespace for 102 s.
    ns.set_sysctl("net.ipv4.tcp_orphan_retries", "1");
    Tracer tracer = trace_all(ns);
    const KernelCounters before = ns.counters();
    ns.run_in([&] {
        for (int i = 0; i < times; ++i) {
            Connection c = connect_pair(Family::V4, Role::Client);
            close(c);
        }
        return std::string();
    });
    Seen seen;
    seen.kernel = (ns.counters() - before).scheduled();
    const CommandResult result = tracer.stop();
    INFO(result.out << result.err);
    const auto events = parse_events(result.out);
    seen.time_wait = of_type(events, "time_wait").size();
    for (const json& event : of_type(events, "aborted")) {
        ++seen.aborted;
        seen.local_resets += event.at("reason") == "local_reset" ? 1 : 0;
    }
    return seen;
}

// A namespace in which all sockets share one hash chain, from Linux 6.1 on.
std::unique_ptr<TestNamespace> make_namespace_with_one_chain() {
    const TestNamespace outer;
    if (access("/proc/sys/net/ipv4/tcp_child_ehash_entries", F_OK) == 0) {
        outer.set_sysctl("net.ipv4.tcp_child_ehash_entries", "1");
    }
    const Fd own(check_call(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open"));
    outer.enter();
    auto inner = std::make_unique<TestNamespace>();
    check_call(setns(own.get(), CLONE_NEWNET), "setns");
    return inner;
}

// TCP Fast Open: the server reads the data of the SYN, answers, and shuts down before the client's
// ACK, which is on the slow lane. Returns the number of connections that were still in SYN_RECV
// then; newer kernels send their FIN when the ACK arrives.
std::string shut_down_early() {
    End server;
    server.fd = Fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    check_call(bind(server.fd.get(), generic, length), "bind");
    check_call(listen(server.fd.get(), 16), "listen");
    check_call(getsockname(server.fd.get(), generic, &length), "getsockname");
    int early = 0;
    for (int i = 0; i < times; ++i) {
        End client;
        client.fd = Fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        client.set(SOL_SOCKET, SO_PRIORITY, TestNamespace::slow_lane);
        const char request = 'x';
        const ssize_t sent =
            sendto(client.fd.get(), &request, 1, MSG_FASTOPEN | MSG_DONTWAIT, generic, length);
        check(sent == 1 || errno == EINPROGRESS, "sendto");
        End accepted;
        accepted.fd = Fd(check_call(accept(server.fd.get(), nullptr, nullptr), "accept"));
        check_call(::send(accepted.fd.get(), &request, 1, 0), "send");
        accepted.shutdown_write();
        early += accepted.tcp_state() == tcp_syn_recv ? 1 : 0;
        client.read_to_eof();
        client.close();
        await("the server's end is handed over", [&] { return accepted.tcp_state() == 7; });
    }
    return std::to_string(early);
}

} // namespace

TEST_CASE("entries: a minisock is found wherever it is in its hash chain", "[entries]") {
    if (!can_trace()) {
        return;
    }
    const auto ns = make_namespace_with_one_chain();
    ns->set_sysctl("net.ipv4.tcp_max_tw_buckets", "1");
    Tracer tracer = trace_all(*ns);
    const KernelCounters before = ns->counters();
    ns->run_in([&] {
        std::vector<Connection> all;
        for (int i = 0; i < 20; ++i) {
            all.push_back(connect_pair(Family::V4, Role::Client));
        }
        for (std::size_t i = 0; i < 2; ++i) { // the oldest, at the end of the chain
            all[i].active.close();
            all[i].passive.read_to_eof();
            all[i].passive.close();
        }
        return std::string();
    });
    const KernelCounters rise = ns->counters() - before;
    const CommandResult result = tracer.stop();
    INFO(result.out << result.err);
    const auto events = parse_events(result.out);
    CHECK(of_type(events, "time_wait").size() == 1);
    const auto aborted = of_type(events, "aborted"); // also those left open
    CHECK(aborted.size() == rise.tw_overflow);
    for (const json& event : aborted) {
        CHECK(event.at("reason") == "overflow");
    }
}

TEST_CASE("entries: a close in CLOSING that sends a reset is not an entry", "[entries]") {
    if (!can_trace()) {
        return;
    }
    const auto unread = trace_closes([](Connection& c) {
        reach_closing(c, 10);
        c.active.close();
    });
    CHECK(unread.kernel == 0);
    CHECK(unread.time_wait == 0);
    CHECK(unread.local_resets == times);
    const auto linger = trace_closes([](Connection& c) {
        reach_closing(c, 0);
        c.active.reset();
    });
    CHECK(linger.kernel == 0);
    CHECK(linger.time_wait == 0);
    CHECK(linger.local_resets == times);
}

TEST_CASE("entries: a close in TCP_REPAIR from FIN_WAIT2 is neither an entry nor a reset",
          "[entries]") {
    if (!can_trace()) {
        return;
    }
    const auto seen = trace_closes([](Connection& c) {
        c.active.shutdown_write();
        c.active.await_state(TCP_FIN_WAIT2);
        c.active.vanish();
    });
    CHECK(seen.kernel == 0);
    CHECK(seen.time_wait == 0);
    CHECK(seen.aborted == times);
    CHECK(seen.local_resets == 0);
}

TEST_CASE("entries: an error that an ICMP message left on a healthy socket does not hide one",
          "[entries]") {
    if (!can_trace()) {
        return;
    }
    const auto seen = trace_closes([](Connection& c) {
        c.active.set(IPPROTO_IP, IP_RECVERR, 1);
        send_unreachable(c.active);
        pollfd waiting{c.active.fd.get(), 0, 0};
        CHECK(poll(&waiting, 1, 5000) == 1); // the error is on the socket
        c.active.close();
        c.passive.await_state(TCP_CLOSE_WAIT);
        c.passive.close();
    });
    CHECK(seen.kernel == times);
    CHECK(seen.time_wait == times);
    CHECK(seen.aborted == 0);
}

TEST_CASE("entries: a FIN that the kernel sends after shutdown() in SYN_RECV has no closer",
          "[entries]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    if (!ns.add_slow_lane()) {
        WARN("SKIP: no tc, or no htb in this kernel");
        return;
    }
    ns.set_sysctl("net.ipv4.tcp_fastopen", "1543"); // client and server, without cookies
    const Witness witness;                          // packets of the slow lane are sent by a timer
    Tracer tracer = trace_all(ns);
    const int early = std::stoi(ns.run_in(shut_down_early));
    const auto entries = of_type(parse_events(tracer.stop().out), "time_wait");
    const auto hidden = static_cast<int>(witness.hidden_entries());
    CHECK(entries.size() <= static_cast<std::size_t>(times));
    CHECK(entries.size() >= static_cast<std::size_t>(times - hidden));
    int without_closer = 0;
    for (const json& event : entries) {
        INFO(event.dump());
        // Null: the kernel skipped the BPF program at -> ESTABLISHED (docs/accounting.md).
        CHECK((event.at("role") == "server" || event.at("role").is_null()));
        without_closer += event.at("pid").is_null() ? 1 : 0;
    }
    CHECK(without_closer <= early);
    CHECK(without_closer >= early - hidden);
    if (early == 0) {
        WARN("SKIP: this kernel sends the FIN of a shutdown() in SYN_RECV at once");
    }
}
