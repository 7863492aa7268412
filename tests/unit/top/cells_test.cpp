#include "catch2.h"

#include "top/cells.h"

using namespace twtrace;

namespace {

constexpr Glyphs utf8{true};
constexpr Glyphs ascii{false};

} // namespace

TEST_CASE("top cells: no name can move the cursor or reorder a line") {
    CHECK(clean("\x1b[2J\x1b]0;x\a", utf8) == "?[2J?]0;x?");
    CHECK(clean("a\xff\xc2\x9bz", utf8) == "a???z");
    CHECK(clean("a\u202Ez\u200B\u0301", utf8) == "a?z??");
    CHECK(clean("caf\u00e9 \u7f51\u5173", utf8) == "caf\u00e9 \u7f51\u5173");
    CHECK(clean("caf\u00e9 \u7f51\u5173", ascii) == "caf? ??");
}

TEST_CASE("top cells: double-width characters take two columns") {
    CHECK(width_of("nginx") == 5);
    CHECK(width_of("caf\u00e9") == 4);
    CHECK(width_of("\u7f51\u5173") == 4);
    CHECK(fit("\u7f51\u5173", 6) == "\u7f51\u5173  ");
    CHECK(fit("\u7f51\u5173\u7f51", 5) == "\u7f51\u5173+");
    CHECK(fit("\u7f51\u5173\u7f51", 4) == "\u7f51+ "); // half a character does not fit
}

TEST_CASE("top cells: columns have exactly the requested width") {
    CHECK(fit("abc", 5) == "abc  ");
    CHECK(fit("abc", 5, true) == "  abc");
    CHECK(fit("abcdef", 5) == "abcd+");
    CHECK(fit("abc", 0).empty());
    CHECK(cut("abc", 5) == "abc");
}

TEST_CASE("top cells: a line is cut over its spans") {
    const Line line = cut(Line{{"abc", Style::Bold}, {"defg", Style::Plain}, {"h"}}, 5);
    REQUIRE(line.size() == 2);
    CHECK(line[0].text == "abc");
    CHECK(line[0].style == Style::Bold);
    CHECK(line[1].text == "d+");
}

TEST_CASE("top cells: words are wrapped, one that is too long stays whole") {
    CHECK(wrapped("one two three", 7) == std::vector<std::string>{"one two", "three"});
    CHECK(wrapped("incomprehensible two", 5) ==
          std::vector<std::string>{"incomprehensible", "two"});
    CHECK(wrapped("", 5) == std::vector<std::string>{""});
}

TEST_CASE("top cells: a sparkline is scaled to its largest value") {
    CHECK(sparkline({0, 1, 4, 8}, utf8) == " \u2581\u2584\u2588");
    CHECK(sparkline({0, 1, 4, 8}, ascii) == " _-#");
    CHECK(sparkline({0, 0}, utf8) == "  ");
    CHECK(sparkline({0.001, 1000}, utf8) == "\u2581\u2588"); // small values are visible
    CHECK(bar(0.5, 4, ascii) == "##");
    CHECK(bar(2, 4, ascii) == "####");
    CHECK(bar(0.001, 4, ascii).empty());
}

TEST_CASE("top cells: readable numbers") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(28232) == "28,232");
    CHECK(grouped(1234567) == "1,234,567");
    CHECK(short_number(0.44) == "0.4");
    CHECK(short_number(999.94) == "999.9");
    CHECK(short_number(999.96) == "1000");
    CHECK(short_time(40) == "40 s");
    CHECK(short_time(180) == "3 min");
}
