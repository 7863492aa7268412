#include "source/socket_message.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

namespace twtrace {

namespace {

// net/ipv4/inet_diag.c, inet_twsk_diag_fill(): the only place that reports this timer.
constexpr std::uint8_t timer_time_wait = 3;

std::uint16_t from_network(std::uint16_t port) {
    return ntohs(port);
}

Address address_of(std::uint8_t family, const void* words) {
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    Address address;
    std::memcpy(address.bytes.data(), words, family == AF_INET ? 4 : 16);
    address.family = family == AF_INET ? 4 : 6;
    if (address.family == 6 && std::equal(mapped.begin(), mapped.end(), address.bytes.begin())) {
        std::array<std::uint8_t, 16> bytes{};
        std::copy(address.bytes.begin() + 12, address.bytes.end(), bytes.begin());
        address = {4, bytes};
    }
    return address;
}

bool is_tcp_socket(const inet_diag_msg& message) {
    return (message.idiag_family == AF_INET || message.idiag_family == AF_INET6) &&
           message.idiag_state >= number_of(TcpState::Established) &&
           message.idiag_state <= number_of(TcpState::Closing);
}

TcpSocket socket_of(const inet_diag_msg& message) {
    TcpSocket socket;
    socket.state = static_cast<TcpState>(message.idiag_state);
    socket.minisock = message.idiag_timer == timer_time_wait;
    socket.local_port = from_network(message.id.idiag_sport);
    socket.remote_port = from_network(message.id.idiag_dport);
    socket.local = address_of(message.idiag_family, message.id.idiag_src);
    socket.remote = address_of(message.idiag_family, message.id.idiag_dst);
    if (socket.minisock)
        socket.remaining_ms = message.idiag_expires;
    socket.inode = message.idiag_inode;
    socket.uid = message.idiag_uid;
    return socket;
}

// NLMSG_ERROR and, since commit 0642840b8bb0 ("af_netlink: ensure that NLMSG_DONE never fails in
// dumps"), NLMSG_DONE carry a negative errno first; 0 means success.
DumpStep end_of(std::span<const std::byte> payload, bool may_be_empty) {
    std::int32_t code = 0;
    if (payload.size() >= sizeof(code))
        std::memcpy(&code, payload.data(), sizeof(code));
    else if (!may_be_empty)
        return {DumpProgress::Malformed};
    if (code == 0)
        return {DumpProgress::Done};
    return code < 0 && code > -4096 ? DumpStep{DumpProgress::Failed, -code}
                                    : DumpStep{DumpProgress::Malformed};
}

DumpStep take(const nlmsghdr& header, std::span<const std::byte> payload,
              const SocketVisitor& visit) {
    switch (header.nlmsg_type) {
    case NLMSG_DONE:
        return end_of(payload, true);
    case NLMSG_ERROR:
        return end_of(payload, false);
    case TCPDIAG_GETSOCK:
    case SOCK_DIAG_BY_FAMILY:
        break;
    default:
        return {};
    }
    inet_diag_msg message;
    if (payload.size() < sizeof(message))
        return {DumpProgress::Malformed};
    std::memcpy(&message, payload.data(), sizeof(message));
    if (is_tcp_socket(message) && !visit(socket_of(message)))
        return {DumpProgress::Stopped};
    return {};
}

} // namespace

DumpStep parse_socket_messages(std::span<const std::byte> datagram, std::uint32_t sequence,
                               const SocketVisitor& visit) {
    while (!datagram.empty()) {
        nlmsghdr header;
        if (datagram.size() < sizeof(header))
            return {DumpProgress::Malformed};
        std::memcpy(&header, datagram.data(), sizeof(header));
        if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > datagram.size())
            return {DumpProgress::Malformed};
        if (header.nlmsg_seq == sequence) {
            const DumpStep step = take(
                header, datagram.subspan(sizeof(header), header.nlmsg_len - sizeof(header)), visit);
            if (step.progress != DumpProgress::More)
                return step;
        }
        const std::size_t aligned = NLMSG_ALIGN(std::size_t{header.nlmsg_len});
        datagram = datagram.subspan(std::min(aligned, datagram.size()));
    }
    return {};
}

} // namespace twtrace
