#include "source/socket_message.h"

#include <cstring>
#include <random>
#include <vector>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "catch2.h"

using namespace twtrace;

namespace {

constexpr std::uint32_t sequence = 7;
constexpr std::uint8_t timer_time_wait = 3;

inet_diag_msg socket_v4(TcpState state, std::uint8_t timer) {
    inet_diag_msg message{};
    message.idiag_family = AF_INET;
    message.idiag_state = static_cast<std::uint8_t>(state);
    message.idiag_timer = timer;
    message.idiag_expires = 59620;
    message.id.idiag_sport = htons(443);
    message.id.idiag_dport = htons(40001);
    inet_pton(AF_INET, "192.0.2.1", message.id.idiag_src);
    inet_pton(AF_INET, "198.51.100.7", message.id.idiag_dst);
    message.idiag_inode = 1234;
    message.idiag_uid = 33;
    return message;
}

inet_diag_msg socket_v6(const char* local, const char* remote) {
    inet_diag_msg message = socket_v4(TcpState::TimeWait, timer_time_wait);
    message.idiag_family = AF_INET6;
    inet_pton(AF_INET6, local, message.id.idiag_src);
    inet_pton(AF_INET6, remote, message.id.idiag_dst);
    return message;
}

class Datagram {
  public:
    template <typename Payload>
    Datagram& add(std::uint16_t type, const Payload& payload, std::uint32_t seq = sequence,
                  std::size_t attributes = 0) {
        nlmsghdr header{};
        header.nlmsg_len =
            static_cast<std::uint32_t>(sizeof(header) + sizeof(payload) + attributes);
        header.nlmsg_type = type;
        header.nlmsg_seq = seq;
        append(&header, sizeof(header));
        append(&payload, sizeof(payload));
        bytes_.resize((bytes_.size() + attributes + 3) / 4 * 4);
        return *this;
    }
    Datagram& add(const inet_diag_msg& message, std::size_t attributes = 8) {
        return add(SOCK_DIAG_BY_FAMILY, message, sequence, attributes);
    }
    Datagram& done() { return add(NLMSG_DONE, std::int32_t{0}); }
    [[nodiscard]] std::vector<std::byte>& bytes() { return bytes_; }

  private:
    void append(const void* data, std::size_t size) {
        const auto* from = static_cast<const std::byte*>(data);
        bytes_.insert(bytes_.end(), from, from + size);
    }
    std::vector<std::byte> bytes_;
};

struct Parsed {
    DumpStep step;
    std::vector<TcpSocket> sockets;
};

Parsed parse(std::span<const std::byte> bytes, std::size_t stop_after = 1000) {
    Parsed parsed;
    parsed.step = parse_socket_messages(bytes, sequence, [&](const TcpSocket& socket) {
        parsed.sockets.push_back(socket);
        return parsed.sockets.size() < stop_after;
    });
    return parsed;
}

} // namespace

TEST_CASE("a time-wait socket is decoded from the kernel's answer") {
    Datagram datagram;
    datagram.add(socket_v4(TcpState::TimeWait, timer_time_wait)).done();
    const Parsed parsed = parse(datagram.bytes());
    REQUIRE(parsed.step.progress == DumpProgress::Done);
    REQUIRE(parsed.sockets.size() == 1);
    const TcpSocket& socket = parsed.sockets[0];
    CHECK(socket.state == TcpState::TimeWait);
    CHECK(socket.minisock);
    CHECK(socket.remaining_ms == 59620);
    CHECK(to_string(socket.local) == "192.0.2.1");
    CHECK(to_string(socket.remote) == "198.51.100.7");
    CHECK(socket.local_port == 443);
    CHECK(socket.remote_port == 40001);
}

TEST_CASE("FIN_WAIT2 is a minisock with the time-wait timer only") {
    for (const std::uint8_t timer : std::initializer_list<std::uint8_t>{0, 1, 2, 3, 4}) {
        Datagram datagram;
        datagram.add(socket_v4(TcpState::FinWait2, timer)).done();
        const Parsed parsed = parse(datagram.bytes());
        REQUIRE(parsed.sockets.size() == 1);
        CHECK(parsed.sockets[0].state == TcpState::FinWait2);
        CHECK(parsed.sockets[0].minisock == (timer == timer_time_wait));
        CHECK(parsed.sockets[0].remaining_ms == (timer == timer_time_wait ? 59620 : 0));
        CHECK(parsed.sockets[0].inode == 1234);
        CHECK(parsed.sockets[0].uid == 33);
    }
}

TEST_CASE("v4-mapped addresses are IPv4, others IPv6") {
    Datagram datagram;
    datagram.add(socket_v6("::ffff:10.0.0.1", "::ffff:10.0.0.2"));
    datagram.add(socket_v6("::1", "2001:db8::2")).done();
    const Parsed parsed = parse(datagram.bytes());
    REQUIRE(parsed.sockets.size() == 2);
    CHECK(parsed.sockets[0].local.family == 4);
    CHECK(to_string(parsed.sockets[0].remote) == "10.0.0.2");
    CHECK(parsed.sockets[1].local.family == 6);
    CHECK(to_string(parsed.sockets[1].remote) == "2001:db8::2");
}

TEST_CASE("both kinds of answers, and messages for other requests") {
    Datagram datagram;
    datagram.add(TCPDIAG_GETSOCK, socket_v4(TcpState::Listen, 0));
    datagram.add(SOCK_DIAG_BY_FAMILY, socket_v4(TcpState::Listen, 0), sequence + 1);
    datagram.add(NLMSG_NOOP, std::uint32_t{0});
    datagram.add(std::uint16_t{4711}, std::uint32_t{0});
    const Parsed parsed = parse(datagram.bytes());
    CHECK(parsed.step.progress == DumpProgress::More);
    CHECK(parsed.sockets.size() == 1);
}

TEST_CASE("the end of a dump: done, failed, or stopped") {
    const auto end = [](std::uint16_t type, std::int32_t code) {
        Datagram datagram;
        datagram.add(type, code);
        return parse(datagram.bytes()).step;
    };
    CHECK(end(NLMSG_DONE, 0).progress == DumpProgress::Done);
    CHECK(end(NLMSG_DONE, -ENOENT).progress == DumpProgress::Failed);
    CHECK(end(NLMSG_ERROR, -ENOENT).error == ENOENT);
    CHECK(end(NLMSG_ERROR, 5).progress == DumpProgress::Malformed);
    CHECK(end(NLMSG_ERROR, INT32_MIN).progress == DumpProgress::Malformed);

    Datagram datagram;
    for (int count = 0; count < 3; ++count)
        datagram.add(socket_v4(TcpState::Established, 0));
    const Parsed parsed = parse(datagram.bytes(), 2);
    CHECK(parsed.step.progress == DumpProgress::Stopped);
    CHECK(parsed.sockets.size() == 2);
}

TEST_CASE("invalid messages") {
    Datagram whole;
    whole.add(socket_v4(TcpState::TimeWait, timer_time_wait));
    const auto with_length = [&](std::uint32_t length) {
        std::vector<std::byte> bytes = whole.bytes();
        std::memcpy(bytes.data(), &length, sizeof(length));
        return parse(bytes);
    };
    for (const std::uint32_t length : {0U, 1U, 15U, 16U, 87U, 97U, 0x7fffffffU, 0xffffffffU}) {
        const Parsed parsed = with_length(length);
        CHECK(parsed.step.progress == DumpProgress::Malformed);
        CHECK(parsed.sockets.empty());
    }
    CHECK(with_length(88).sockets.size() == 1); // the rest is padding
    for (std::size_t size = 1; size < whole.bytes().size(); ++size)
        CHECK(parse(std::span(whole.bytes()).first(size)).step.progress == DumpProgress::Malformed);
    CHECK(parse({}).step.progress == DumpProgress::More);

    for (const auto state : {0, 12, 13, 255}) { // 12 and 13 are internal to the kernel
        Datagram datagram;
        datagram.add(socket_v4(static_cast<TcpState>(state), 0)).done();
        CHECK(parse(datagram.bytes()).sockets.empty());
    }
}

TEST_CASE("randomly damaged messages") {
    std::mt19937 random(20240607);
    for (int round = 0; round < 20000; ++round) {
        Datagram datagram;
        for (int count = 0; count < 3; ++count)
            datagram.add(socket_v4(TcpState::TimeWait, timer_time_wait));
        datagram.done();
        std::vector<std::byte>& bytes = datagram.bytes();
        for (int hit = 0; hit < 4; ++hit)
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        const Parsed parsed = parse(std::span(bytes).first(random() % (bytes.size() + 1)));
        REQUIRE(parsed.sockets.size() <= 3);
    }
}
