// Any input from a client of the exporter: only a complete head gets an answer, and reading it in
// pieces gives the same result.
#include "exporter/http_message.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace twtrace;
    const std::string_view text = fuzz::text_of(data, size);
    HttpRequest request;
    std::size_t length = 0;
    const HttpParsed parsed = parse_http(text, request, length);
    if (parsed != HttpParsed::Complete)
        return 0;
    fuzz::require(length > 0 && length <= text.size() && length <= http_head_limit);
    fuzz::require(!request.method.empty() && request.path.starts_with('/'));
    fuzz::require(!fuzz::has_control_characters(request.method));

    HttpRequest again;
    std::size_t again_length = 0;
    fuzz::require(parse_http(text.substr(0, length), again, again_length) == HttpParsed::Complete);
    fuzz::require(again_length == length && again.path == request.path);
    fuzz::require(parse_http(text.substr(0, length - 1), again, again_length) !=
                  HttpParsed::Complete);
    return 0;
}
