#include "exporter/http_message.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <zlib.h>

namespace twtrace {

namespace {

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

std::string_view take_word(std::string_view& line) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    return word;
}

std::string_view trimmed(std::string_view text) {
    const auto* const blanks = " \t";
    const std::size_t first = text.find_first_not_of(blanks);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower(std::string_view text) {
    std::string low(text);
    std::transform(low.begin(), low.end(), low.begin(),
                   [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
    return low;
}

bool parse_first_line(std::string_view line, HttpRequest& request) {
    request.method = take_word(line);
    const std::string_view target = take_word(line);
    request.path = target.substr(0, target.find('?'));
    request.keep_alive = line == "HTTP/1.1";
    const auto is_token = [](unsigned char byte) { return std::isalpha(byte) != 0; };
    return !request.method.empty() &&
           std::all_of(request.method.begin(), request.method.end(), is_token) &&
           request.path.starts_with('/') && (line == "HTTP/1.1" || line == "HTTP/1.0");
}

bool parse_field(std::string_view line, HttpRequest& request) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
        return false;
    const std::string name = lower(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (name == "authorization")
        request.authorization = value;
    else if (name == "accept-encoding")
        request.accepts_gzip = lower(value).find("gzip") != std::string::npos;
    else if (name == "connection")
        request.keep_alive = request.keep_alive && lower(value).find("close") == std::string::npos;
    return name != "transfer-encoding" && (name != "content-length" || value == "0");
}

std::string_view reason_of(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    default:
        return "Service Unavailable";
    }
}

} // namespace

HttpParsed parse_http(std::string_view text, HttpRequest& request, std::size_t& length) {
    std::size_t end = text.find("\r\n\r\n");
    length = end + 4;
    if (const std::size_t bare = text.find("\n\n"); bare < end) {
        end = bare;
        length = end + 2;
    }
    if (end == std::string_view::npos)
        return text.size() >= http_head_limit ? HttpParsed::Bad : HttpParsed::Incomplete;
    request = {};
    std::string_view rest = text.substr(0, end);
    if (length > http_head_limit || !parse_first_line(take_line(rest), request))
        return HttpParsed::Bad;
    while (!rest.empty())
        if (!parse_field(take_line(rest), request))
            return HttpParsed::Bad;
    return HttpParsed::Complete;
}

std::string reply_head(const HttpReply& reply, bool keep_alive) {
    return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{}{}\r\n",
                       reply.status, reason_of(reply.status), reply.type,
                       reply.body ? reply.body->size() : 0,
                       reply.gzip ? "Content-Encoding: gzip\r\n" : "", reply.extra,
                       keep_alive ? "" : "Connection: close\r\n");
}

std::string compress(std::string_view text) {
    constexpr int with_gzip_header = 16 + MAX_WBITS;
    z_stream stream{};
    // The fastest level: the text is so repetitive that the best level saves little more.
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, with_gzip_header, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return {};
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    packed.resize(done ? stream.total_out : 0);
    deflateEnd(&stream);
    return packed;
}

} // namespace twtrace
