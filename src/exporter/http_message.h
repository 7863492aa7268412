// The part of HTTP/1.1 (RFC 9112) that is needed to answer a GET.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace twtrace {

struct HttpRequest {
    std::string method;
    std::string path; ///< without the query
    std::string authorization;
    bool accepts_gzip = false;
    bool keep_alive = false;
};

enum class HttpParsed { Incomplete, Complete, Bad };

/// The longest request head that is read.
inline constexpr std::size_t http_head_limit = 8192;

/// Reads one request head from the front of text; `length` is then its length. A request with a
/// body is rejected, because no request here takes one.
HttpParsed parse_http(std::string_view text, HttpRequest& request, std::size_t& length);

struct HttpReply {
    int status = 200;
    std::string_view type = "text/plain; charset=utf-8";
    std::string_view extra; ///< a whole header line with its \r\n, or empty
    std::shared_ptr<const std::string> body;
    bool gzip = false; ///< whether the body is compressed
};

std::string reply_head(const HttpReply& reply, bool keep_alive);

/// gzip (RFC 1952); empty if zlib fails.
std::string compress(std::string_view text);

} // namespace twtrace
