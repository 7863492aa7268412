#include "exporter/http_message.h"

#include "catch2.h"

using namespace twtrace;

namespace {

HttpParsed parse(std::string_view text) {
    HttpRequest request;
    std::size_t length = 0;
    return parse_http(text, request, length);
}

} // namespace

TEST_CASE("http: a scraper's request", "[exporter]") {
    const std::string text =
        "GET /metrics?a=b HTTP/1.1\r\nHost: x\r\naccept-encoding:  gzip, br \r\n"
        "AUTHORIZATION: Basic abc=\r\n\r\nGET";
    HttpRequest request;
    std::size_t length = 0;
    REQUIRE(parse_http(text, request, length) == HttpParsed::Complete);
    CHECK(request.method == "GET");
    CHECK(request.path == "/metrics");
    CHECK(request.authorization == "Basic abc=");
    CHECK(request.accepts_gzip);
    CHECK(request.keep_alive);
    CHECK(text.substr(length) == "GET");
}

TEST_CASE("http: keep-alive for HTTP/1.1, unless close is requested", "[exporter]") {
    for (const char* text :
         {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nConnection: Close\r\n\r\n"}) {
        HttpRequest request;
        std::size_t length = 0;
        REQUIRE(parse_http(text, request, length) == HttpParsed::Complete);
        CHECK_FALSE(request.keep_alive);
    }
}

TEST_CASE("http: incomplete requests, and requests that can never be complete", "[exporter]") {
    CHECK(parse("") == HttpParsed::Incomplete);
    CHECK(parse("GET / HTTP/1.1\r\nHost:") == HttpParsed::Incomplete);
    CHECK(parse(std::string(http_head_limit, 'x')) == HttpParsed::Bad);
    CHECK(parse("GET / HTTP/1.1\r\nX: " + std::string(http_head_limit, 'x') + "\r\n\r\n") ==
          HttpParsed::Bad);
    for (const char* text :
         {"\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2\r\n\r\n",
          "GET metrics HTTP/1.1\r\n\r\n", "G\x01T / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\n: no name\r\n\r\n",
          "POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
          "POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        INFO(text);
        CHECK(parse(text) == HttpParsed::Bad);
    }
    CHECK(parse("GET / HTTP/1.1\n\n") == HttpParsed::Complete);
}

TEST_CASE("http: the head of an answer", "[exporter]") {
    HttpReply reply;
    reply.status = 401;
    reply.extra = "WWW-Authenticate: Basic\r\n";
    reply.body = std::make_shared<const std::string>("no\n");
    const std::string head = reply_head(reply, false);
    CHECK(head.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
    CHECK(head.find("\r\nContent-Length: 3\r\n") != std::string::npos);
    CHECK(head.ends_with("WWW-Authenticate: Basic\r\nConnection: close\r\n\r\n"));
}
