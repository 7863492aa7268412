#include "catch2.h"

#include <string>

#include "sink/column.h"

using namespace twtrace;

namespace {

std::string column(std::string_view text, int width, bool right) {
    std::string out = "|";
    append_column(out, text, width, right);
    return out;
}

} // namespace

TEST_CASE("column: padded on the side of its kind, with one space after it") {
    CHECK(column("ab", 4, false) == "|ab   ");
    CHECK(column("12", 4, true) == "|  12 ");
    CHECK(column("abcd", 4, false) == "|abcd ");
    CHECK(column("", 2, false) == "|   ");
}

TEST_CASE("column: text too long is cut and marked, a number never is") {
    CHECK(column("abcde", 4, false) == "|abc+ ");
    CHECK(column("ab", 1, false) == "|+ ");
    CHECK(column("12345", 4, true) == "|12345 ");
}

TEST_CASE("column: not cut in unlimited lines") {
    std::string out;
    append_uncut_column(out, "abcde", 4, false);
    append_uncut_column(out, "ab", 4, false);
    append_uncut_column(out, "12", 4, true);
    append_uncut_column(out, "\x1b", 0, false);
    CHECK(out == "abcde ab     12 ?");
}

TEST_CASE("column: the last one is not padded") {
    CHECK(column("abc", 0, false) == "|abc");
    CHECK(column("", 0, false) == "|");
}

TEST_CASE("column: counts characters, not bytes, and cuts between them") {
    CHECK(column("caf\xc3\xa9", 5, false) == "|caf\xc3\xa9  ");
    CHECK(column("\xc3\xa9\xc3\xa9\xc3\xa9", 2, false) == "|\xc3\xa9+ ");
    CHECK(column("\xe2\x82\xac\xe2\x82\xac", 2, false) == "|\xe2\x82\xac\xe2\x82\xac ");
}

TEST_CASE("column: double-width characters take two columns, combining ones none") {
    CHECK(column("\u7f51\u5173", 6, false) == "|\u7f51\u5173   ");
    CHECK(column("\u7f51\u5173", 6, true) == "|  \u7f51\u5173 ");
    CHECK(column("\u7f51\u5173\u7f51", 5, false) == "|\u7f51\u5173+ ");
    CHECK(column("\u7f51\u5173\u7f51", 4, false) == "|\u7f51+  "); // half a character does not fit
    CHECK(column("e\u0301", 2, false) == "|e\u0301  ");
    std::string out;
    append_uncut_column(out, "\u7f51", 4, false);
    CHECK(out == "\u7f51   ");
}

TEST_CASE("column: hostile bytes are replaced before they are measured") {
    CHECK(column("\x1b[2J", 4, false) == "|?[2J ");
    CHECK(column("\xff\xff\xff", 2, false) == "|?+ ");
}
