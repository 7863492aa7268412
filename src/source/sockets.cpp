#include "source/sockets.h"

#include <cerrno>
#include <vector>

#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "source/socket_message.h"
#include "util/reason.h"

namespace twtrace {

namespace {

// The kernel fills a dump's datagrams up to the size of the last recv() buffer, at most 32 KiB
// (net/netlink/af_netlink.c, netlink_recvmsg()).
constexpr std::size_t datagram_bytes = 32768;

struct BothFamilies {
    nlmsghdr header;
    inet_diag_req body;
};
struct OneFamily {
    nlmsghdr header;
    inet_diag_req_v2 body;
};

template <typename Request>
Request dump_request(std::uint16_t type, std::uint32_t sequence) {
    Request request{};
    request.header.nlmsg_len = sizeof(request);
    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = sequence;
    return request;
}

// The older request walks the kernel's hash table once for both families, the newer one twice. All
// network namespaces share that table, so this halves the cost per namespace.
BothFamilies both_families(std::uint32_t states, std::uint32_t sequence) {
    auto request = dump_request<BothFamilies>(TCPDIAG_GETSOCK, sequence);
    request.body.idiag_family = AF_INET;
    request.body.idiag_states = states;
    return request;
}

OneFamily one_family(std::uint8_t family, std::uint32_t states, std::uint32_t sequence) {
    auto request = dump_request<OneFamily>(SOCK_DIAG_BY_FAMILY, sequence);
    request.body.sdiag_family = family;
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.idiag_states = states;
    return request;
}

tl::unexpected<Error> refused(int error) {
    if (error == ENOENT)
        return fail("the kernel does not list TCP sockets: it has no inet_diag; load the modules "
                    "(modprobe -a inet_diag tcp_diag)");
    return fail(fmt::format("the kernel does not list TCP sockets (inet_diag): {}", reason(error)));
}

// Receives one datagram into buffer; returns its length, 0 if it is not from the kernel.
Result<std::size_t> receive(int netlink, std::vector<std::byte>& buffer) {
    sockaddr_nl sender{};
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof(sender);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ssize_t got = -1;
    do {
        got = recvmsg(netlink, &message, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return refused(errno);
    if ((message.msg_flags & MSG_TRUNC) != 0)
        return refused(EMSGSIZE);
    return sender.nl_pid == 0 ? static_cast<std::size_t>(got) : std::size_t{0};
}

Result<DumpStep> answer(int netlink, std::uint32_t sequence, const SocketVisitor& visit) {
    std::vector<std::byte> buffer(datagram_bytes);
    DumpStep step;
    while (step.progress == DumpProgress::More) {
        const auto length = receive(netlink, buffer);
        if (!length)
            return tl::unexpected(length.error());
        step = parse_socket_messages(std::span(buffer).first(*length), sequence, visit);
    }
    return step;
}

template <typename Request>
Result<DumpStep> ask(int netlink, const Request& request, const SocketVisitor& visit) {
    if (send(netlink, &request, sizeof(request), 0) < 0)
        return refused(errno);
    return answer(netlink, request.header.nlmsg_seq, visit);
}

} // namespace

Result<SocketDump> SocketDump::open() {
    Fd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink)
        return refused(errno == EPROTONOSUPPORT ? ENOENT : errno);
    return SocketDump(std::move(netlink));
}

Result<void> SocketDump::dump(std::uint32_t states, const SocketVisitor& visit) {
    ++sequence_;
    auto step = ask(netlink_.get(), both_families(states, sequence_), visit);
    if (step && step->progress == DumpProgress::Failed) {
        for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
            ++sequence_;
            step = ask(netlink_.get(), one_family(family, states, sequence_), visit);
            if (!step || step->progress != DumpProgress::Done)
                break;
        }
    }
    if (!step)
        return tl::unexpected(step.error());
    if (step->progress == DumpProgress::Failed)
        return refused(step->error);
    if (step->progress == DumpProgress::Malformed)
        return refused(EBADMSG);
    return {};
}

} // namespace twtrace
