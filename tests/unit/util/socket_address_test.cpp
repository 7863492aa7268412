#include "util/socket_address.h"

#include "catch2.h"

using namespace twtrace;

TEST_CASE("socket address: usual notations", "[util]") {
    for (const char* text : {"127.0.0.1:10660", "[::1]:80", "0.0.0.0:0", "[2001:db8::1]:65535"}) {
        const auto address = parse_socket_address(text);
        INFO(text);
        REQUIRE(address);
        CHECK(to_string(*address) == text);
    }
    CHECK(to_string(*parse_socket_address(":9")) == "[::]:9");
    CHECK(is_loopback(*parse_socket_address("127.1.2.3:1")));
    CHECK(is_loopback(*parse_socket_address("[::1]:1")));
    CHECK_FALSE(is_loopback(*parse_socket_address(":1")));
}

TEST_CASE("socket address: other text is a usage error", "[util]") {
    for (const char* text : {"", ":", "80", "localhost:80", "127.0.0.1", "127.0.0.1:", "::1:80",
                             "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x", "[::1:80"}) {
        const auto address = parse_socket_address(text);
        INFO(text);
        REQUIRE_FALSE(address);
        CHECK(address.error().exit_code == ExitCode::Usage);
    }
}
