#include "catch2.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "util/text.h"

using namespace twtrace;
using namespace std::string_literals;

namespace {

using Append = void (*)(std::string&, std::string_view);

std::string with(Append append, std::string_view text) {
    std::string out;
    append(out, text);
    return out;
}

std::string parsed_json(std::string_view text) {
    return nlohmann::json::parse('"' + with(append_json, text) + '"').get<std::string>();
}

// The value that a reader of RFC 4180 gets from one field.
std::string unquoted(const std::string& field) {
    if (field.empty() || field[0] != '"')
        return field;
    std::string text;
    for (std::size_t at = 1; at + 1 < field.size(); ++at) {
        if (field[at] == '"')
            REQUIRE(field[++at] == '"');
        text += field[at];
    }
    return text;
}

std::string random_bytes(std::mt19937_64& random) {
    static const std::vector<std::string> pieces = {
        "\"",           "\\",       "\n",       "\r",       "\t",           "\0"s,
        "\x7f",         ",",        "\xc2\x9b", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        "\xed\xa0\x80", "\xc0\x80", "\xff",     "\x80",     "\xe2\x82",     "\xf4\x90\x80\x80"};
    std::string text;
    for (auto left = random() % 12; left > 0; --left)
        text += random() % 2 == 0 ? pieces[random() % pieces.size()]
                                  : std::string(1, static_cast<char>(random() & 0xff));
    return text;
}

const std::string replacement = "\xef\xbf\xbd";

} // namespace

TEST_CASE("JSON: plain text is unchanged, quotes and control characters are escaped") {
    CHECK(with(append_json, "nginx: worker/0 ~") == "nginx: worker/0 ~");
    CHECK(with(append_json, "a\"b\\c\nd\te\rf") == R"(a\"b\\c\nd\te\rf)");
    CHECK(with(append_json, "\x01\x1b\x1f\x7f"s) == "\\u0001\\u001b\\u001f\\u007f");
    CHECK(with(append_json, "\0"s) == "\\u0000");
    CHECK(with(append_json, "").empty());
}

TEST_CASE("JSON: UTF-8 of every length passes unchanged") {
    for (const std::string text :
         {"\xc2\xa0", "\xc3\xa9", "\xdf\xbf", "\xe0\xa0\x80", "\xe2\x82\xac", "\xed\x9f\xbf",
          "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
        CHECK(parsed_json(text) == text);
}

TEST_CASE("JSON: every byte that is not UTF-8 becomes U+FFFD, and only that one") {
    const std::vector<std::pair<std::string, std::size_t>> broken = {
        {"\x80", 1},             // continuation without a lead
        {"\xc3", 1},             // cut short
        {"\xe2\x82", 2},         //
        {"\xf0\x9f\x98", 3},     //
        {"\xc0\x80", 2},         // overlong NUL
        {"\xc1\xbf", 2},         // overlong
        {"\xe0\x9f\xbf", 3},     // overlong
        {"\xf0\x8f\xbf\xbf", 4}, // overlong
        {"\xed\xa0\x80", 3},     // surrogate
        {"\xf4\x90\x80\x80", 4}, // beyond U+10FFFF
        {"\xf5\x80\x80\x80", 4}, //
        {"\xff", 1},
    };
    for (const auto& [bytes, count] : broken) {
        std::string expected;
        for (std::size_t index = 0; index < count; ++index)
            expected += replacement;
        CAPTURE(bytes.size(), static_cast<int>(static_cast<unsigned char>(bytes[0])));
        CHECK(parsed_json("a" + bytes + "z") == "a" + expected + "z");
        CHECK(with(append_utf8, "a" + bytes + "z") == "a" + expected + "z");
    }
}

TEST_CASE("JSON: 20,000 random texts give valid JSON, and the same text if it was UTF-8") {
    std::mt19937_64 random(7);
    for (int round = 0; round < 20'000; ++round) {
        const std::string text = random_bytes(random);
        const std::string escaped = '"' + with(append_json, text) + '"';
        CAPTURE(round, escaped);
        REQUIRE(nlohmann::json::accept(escaped));
        REQUIRE(escaped.find('\n') == std::string::npos);
    }
}

TEST_CASE("CSV: quoted where RFC 4180 requires it, and nowhere else") {
    CHECK(with(append_csv, "nginx worker") == "nginx worker");
    CHECK(with(append_csv, "a,b") == "\"a,b\"");
    CHECK(with(append_csv, "a\"b") == "\"a\"\"b\"");
    CHECK(with(append_csv, "\"") == "\"\"\"\"");
    CHECK(with(append_csv, ",\"\",") == "\",\"\"\"\",\"");
    CHECK(with(append_csv, "").empty());
}

TEST_CASE("CSV: no byte breaks the line, and a reader gets one field back") {
    CHECK(with(append_csv, "a\nb\rc\0d"s) == "a?b?c?d");
    std::mt19937_64 random(11);
    for (int round = 0; round < 20'000; ++round) {
        const std::string text = random_bytes(random);
        const std::string field = with(append_csv, text);
        CAPTURE(round, field);
        REQUIRE(field.find_first_of("\n\r"s + '\0') == std::string::npos);
        std::string want = with(append_printable, text);
        if (!want.empty() && std::string_view("=+-@").find(want.front()) != std::string_view::npos)
            want.insert(0, 1, '\'');
        REQUIRE(unquoted(field) == want);
        REQUIRE((field[0] == '"' || field.find(',') == std::string::npos));
    }
}

TEST_CASE("Terminal: no name can move the cursor") {
    CHECK(with(append_printable, "\x1b[2J") == "?[2J");
    CHECK(with(append_printable, "a\r\n\t\b\x7f") == "a?????");
    CHECK(with(append_printable, "\xc2\x9b"
                                 "2J") == "??2J"); // CSI as a C1 control character
    CHECK(with(append_printable, "\x9b"
                                 "2J") == "?2J"); // the same as a single byte
    CHECK(with(append_printable, "caf\xc3\xa9") == "caf\xc3\xa9");
    CHECK(with(append_printable, "\0"s) == "?");
}

TEST_CASE("Terminal: no name can change the direction of a line") {
    // U+202E, U+2066, U+200F, U+061C, U+2028
    for (const char* control :
         {"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8f", "\xd8\x9c", "\xe2\x80\xa8"})
        CHECK(with(append_printable, "a" + std::string(control) + "b") == "a?b");
    // U+2027, U+202F, U+2065, U+061B: the neighbours of these
    for (const char* text : {"\xe2\x80\xa7", "\xe2\x80\xaf", "\xe2\x81\xa5", "\xd8\x9b"})
        CHECK(with(append_printable, text) == text);
}

TEST_CASE("UTF-8 for a JSON writer: control characters are kept, because the writer escapes them") {
    CHECK(with(append_utf8, "a\n\x01") == "a\n\x01");
    std::mt19937_64 random(13);
    for (int round = 0; round < 5'000; ++round)
        REQUIRE_NOTHROW(nlohmann::json(with(append_utf8, random_bytes(random))).dump());
}

TEST_CASE("text: plain text is text that JSON does not escape, for every byte in every position") {
    for (std::size_t length = 1; length <= 17; ++length)
        for (std::size_t at = 0; at < length; ++at)
            for (unsigned byte = 0; byte < 256; ++byte) {
                std::string text(length, 'x');
                text[at] = static_cast<char>(byte);
                const bool ascii = byte < 0x80;
                REQUIRE(is_plain_json(text) == (ascii && with(append_json, text) == text));
            }
    CHECK(is_plain_json(""));
}

TEST_CASE("CSV: no name is a formula") {
    for (const char* text : {"=1+1", "+1", "-x", "@SUM(A1)"}) {
        std::string out;
        twtrace::append_csv(out, text);
        CHECK(out == std::string("'") + text);
    }
    std::string out;
    twtrace::append_csv(out, "=a,b");
    CHECK(out == "\"'=a,b\"");
}
