// Between the process that answers HTTP requests and the publisher: one byte asks for a page, a
// frame of bounded size answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace twtrace {

enum class Page : char { Metrics = 'm', MetricsGzip = 'z', Health = 'h' };

/// None: no page has this byte.
std::optional<Page> page_of(char byte);

struct PageReply {
    int status = 200;
    bool gzip = false; ///< whether the body is compressed
    std::shared_ptr<const std::string> body;
};

/// More frequent requests get the same page again, so that a flood costs little. The front keeps
/// the page that it received, the publisher the text that it rendered.
inline constexpr std::chrono::milliseconds page_lasts{100};
inline constexpr std::size_t page_limit_bytes = std::size_t{256} << 20U;

/// Asks for a page and waits for it. None: the publisher has gone, or its answer is not valid.
std::optional<PageReply> request_page(int channel, Page page);

struct Question {
    enum class Kind { None, ForPage, Invalid }; ///< Invalid: also the end of the channel
    Kind kind = Kind::None;
    Page page = Page::Health; ///< with ForPage
};
/// Reads one question, without waiting.
Question receive_question(int channel);

/// False: the other end has gone, or has read nothing for `seconds`.
bool send_page(int channel, const PageReply& reply, int seconds);

} // namespace twtrace
