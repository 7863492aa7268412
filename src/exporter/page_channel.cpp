#include "exporter/page_channel.h"

#include <cerrno>
#include <cstdint>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>

namespace twtrace {

namespace {

using Clock = std::chrono::steady_clock;

struct FrameHead {
    std::uint32_t status = 0;
    std::uint32_t length = 0;
    std::uint32_t gzip = 0;
};

bool receive(int channel, void* to, std::size_t length) {
    auto* next = static_cast<char*>(to);
    while (length > 0) {
        const ssize_t got = recv(channel, next, length, MSG_WAITALL);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        next += got;
        length -= static_cast<std::size_t>(got);
    }
    return true;
}

bool send_by(int channel, std::string_view bytes, Clock::time_point until) {
    while (!bytes.empty()) {
        const ssize_t sent = send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
            continue;
        }
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        pollfd waiting{channel, POLLOUT, 0};
        if (rest.count() <= 0 || poll(&waiting, 1, static_cast<int>(rest.count())) == 0)
            return false;
    }
    return true;
}

} // namespace

std::optional<Page> page_of(char byte) {
    for (const Page page : {Page::Metrics, Page::MetricsGzip, Page::Health})
        if (byte == static_cast<char>(page))
            return page;
    return std::nullopt;
}

std::optional<PageReply> ask_for(int channel, Page page) {
    const char byte = static_cast<char>(page);
    FrameHead head;
    if (send(channel, &byte, 1, MSG_NOSIGNAL) != 1 || !receive(channel, &head, sizeof(head)) ||
        head.length > page_limit_bytes)
        return std::nullopt;
    std::string body(head.length, '\0');
    if (!receive(channel, body.data(), body.size()))
        return std::nullopt;
    return PageReply{static_cast<int>(head.status), head.gzip != 0,
                     std::make_shared<const std::string>(std::move(body))};
}

Question take_question(int channel) {
    using Kind = Question::Kind;
    char byte = 0;
    const ssize_t got = recv(channel, &byte, 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return {Kind::None};
    if (got <= 0)
        return {Kind::ChannelClosed};
    const auto page = page_of(byte);
    return page ? Question{Kind::ForPage, *page} : Question{Kind::Invalid};
}

bool send_page(int channel, const PageReply& reply, std::chrono::milliseconds patience) {
    const std::string_view body = *reply.body;
    if (body.size() > page_limit_bytes)
        return false;
    const FrameHead head{static_cast<std::uint32_t>(reply.status),
                         static_cast<std::uint32_t>(body.size()), reply.gzip ? 1U : 0U};
    const auto until = Clock::now() + patience;
    return send_by(channel, {reinterpret_cast<const char*>(&head), sizeof(head)}, until) &&
           send_by(channel, body, until);
}

} // namespace twtrace
