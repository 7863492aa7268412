// Exact look-ups over NETLINK_SOCK_DIAG: the only way to see a socket without a descriptor.
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "errors.h"
#include "sockets.h"

namespace live {

namespace {

constexpr std::uint8_t timer_time_wait = 3;

struct Request {
    nlmsghdr header{};
    inet_diag_req_v2 body{};
};

void put_address(Family family, const Endpoint& endpoint, std::uint32_t (&words)[4]) {
    if (family == Family::V4) {
        inet_pton(AF_INET, endpoint.addr.c_str(), words);
        return;
    }
    const std::string text = family == Family::Mapped ? "::ffff:" + endpoint.addr : endpoint.addr;
    inet_pton(AF_INET6, text.c_str(), words);
}

Request exact_request(Family family, const Endpoint& local, const Endpoint& remote,
                      std::uint16_t type) {
    Request request;
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = NLM_F_REQUEST | (type == SOCK_DESTROY ? NLM_F_ACK : 0);
    request.body.sdiag_family = family == Family::V4 ? AF_INET : AF_INET6;
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.idiag_states = ~0U;
    request.body.id.idiag_sport = htons(local.port);
    request.body.id.idiag_dport = htons(remote.port);
    put_address(family, local, request.body.id.idiag_src);
    put_address(family, remote, request.body.id.idiag_dst);
    request.body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return request;
}

struct Answer {
    int error = 0;
    DiagState state;
};

Answer ask(const Request& request) {
    const Fd fd(check_call(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG),
                           "NETLINK_SOCK_DIAG"));
    check_call(::send(fd.get(), &request, sizeof request, 0), "sock_diag request");
    alignas(nlmsghdr) std::array<char, 8192> buffer{};
    check_call(recv(fd.get(), buffer.data(), buffer.size(), 0), "sock_diag answer");
    nlmsghdr header{};
    std::memcpy(&header, buffer.data(), sizeof header);
    Answer answer;
    if (header.nlmsg_type == NLMSG_ERROR) {
        nlmsgerr error{};
        std::memcpy(&error, buffer.data() + sizeof header, sizeof error);
        answer.error = -error.error;
        return answer;
    }
    inet_diag_msg message{};
    std::memcpy(&message, buffer.data() + sizeof header, sizeof message);
    // The look-up falls back to a listener on that port, which means that the connection is gone.
    if (message.idiag_state != TCP_LISTEN) {
        answer.state = {message.idiag_state, message.idiag_timer == timer_time_wait};
    }
    return answer;
}

} // namespace

DiagState diag_state(Family family, const Endpoint& local, const Endpoint& remote) {
    const Answer answer = ask(exact_request(family, local, remote, SOCK_DIAG_BY_FAMILY));
    check(answer.error == 0 || answer.error == ENOENT,
          "sock_diag: " + std::string(std::strerror(answer.error)));
    return answer.state;
}

bool diag_destroy(const Connection& connection, const End& end) {
    const Request request = exact_request(connection.family, end.local, end.remote, SOCK_DESTROY);
    const int error = ask(request).error;
    check(error == 0 || error == EOPNOTSUPP, "SOCK_DESTROY: " + std::string(std::strerror(error)));
    return error == 0;
}

} // namespace live
