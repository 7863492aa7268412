#include "exporter/credentials.h"

#include "catch2.h"

using namespace twtrace;

TEST_CASE("base64: as in RFC 4648", "[exporter]") {
    CHECK(base64("").empty());
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64("\xff\xfe") == "//4=");
}

TEST_CASE("credentials: each line grants access, and nothing else does", "[exporter]") {
    const auto credentials = Credentials::parse("# comment\n\nalice:secret\r\nbob:with:colon\n");
    REQUIRE(credentials);
    CHECK(credentials->admit("Basic " + base64("alice:secret")));
    CHECK(credentials->admit("bAsIc " + base64("bob:with:colon")));
    for (const std::string& wrong :
         {std::string(), std::string("Basic "), std::string("Basic"), "Basic " + base64("alice:"),
          "Basic " + base64("alice:secreT"), "Basic " + base64("alice:secretalice:secret"),
          "Bearer " + base64("alice:secret"), "Basic " + base64("# comment")}) {
        INFO(wrong);
        CHECK_FALSE(credentials->admit(wrong));
    }
}

TEST_CASE("credentials: a file without users is refused", "[exporter]") {
    for (const char* text : {"", "\n# only a comment\n", "alice\n", ":secret\n", "alice:\n"}) {
        INFO(text);
        CHECK_FALSE(Credentials::parse(text));
    }
}
