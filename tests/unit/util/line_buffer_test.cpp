#include "catch2.h"

#include <string>

#include "util/line_buffer.h"

using namespace twtrace;

TEST_CASE("line buffer: pieces of every length, one after another") {
    std::string pattern;
    for (int index = 0; index < 200; ++index)
        pattern += static_cast<char>('a' + index % 26);
    LineBuffer line;
    for (int round = 0; round < 2; ++round) {
        std::string expected;
        line.clear();
        for (std::size_t length = 0; length <= 150; ++length) {
            const std::string piece = pattern.substr(length % 26, length);
            line.append(piece);
            expected += piece;
            REQUIRE(line.text() == expected);
        }
    }
}

TEST_CASE("line buffer: empty, and after clear()") {
    LineBuffer line;
    CHECK(line.text().empty());
    line.append("");
    CHECK(line.text().empty());
    line.append("once");
    line.clear();
    CHECK(line.text().empty());
}
