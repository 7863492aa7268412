#include "exporter/page_channel.h"

#include <cerrno>
#include <cstdint>
#include <string_view>

#include <sys/socket.h>

#include "util/stream.h"

namespace twtrace {

namespace {

struct FrameHead {
    std::uint32_t status = 0;
    std::uint32_t length = 0;
    std::uint32_t gzip = 0;
};

} // namespace

std::optional<Page> page_of(char byte) {
    for (const Page page : {Page::Metrics, Page::MetricsGzip, Page::Health})
        if (byte == static_cast<char>(page))
            return page;
    return std::nullopt;
}

std::optional<PageReply> request_page(int channel, Page page) {
    const char byte = static_cast<char>(page);
    FrameHead head;
    if (send(channel, &byte, 1, MSG_NOSIGNAL) != 1 ||
        !receive_all(channel, &head, sizeof(head), forever) || head.length > page_limit_bytes)
        return std::nullopt;
    std::string body(head.length, '\0');
    if (!receive_all(channel, body.data(), body.size(), forever))
        return std::nullopt;
    return PageReply{static_cast<int>(head.status), head.gzip != 0,
                     std::make_shared<const std::string>(std::move(body))};
}

Question receive_question(int channel) {
    using Kind = Question::Kind;
    char byte = 0;
    const ssize_t got = recv(channel, &byte, 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return {Kind::None};
    const auto page = got == 1 ? page_of(byte) : std::nullopt;
    return page ? Question{Kind::ForPage, *page} : Question{Kind::Invalid};
}

bool send_page(int channel, const PageReply& reply, int seconds) {
    const std::string_view body = *reply.body;
    if (body.size() > page_limit_bytes)
        return false;
    const FrameHead head{static_cast<std::uint32_t>(reply.status),
                         static_cast<std::uint32_t>(body.size()), reply.gzip ? 1U : 0U};
    return send_all(channel, {reinterpret_cast<const char*>(&head), sizeof(head)}, seconds) &&
           send_all(channel, body, seconds);
}

} // namespace twtrace
