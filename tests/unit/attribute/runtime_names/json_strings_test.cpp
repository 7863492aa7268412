#include "attribute/runtime_names/json_strings.h"

#include <map>

#include "catch2.h"

using namespace twtrace;

namespace {

std::map<std::string, std::string> strings_of(std::string_view json, bool good = true) {
    std::map<std::string, std::string> found;
    CHECK(each_json_string(json, [&](const JsonPath& path, const std::string& text) {
              std::string key;
              for (const std::string& part : path)
                  key += "/" + part;
              found[key] = text;
          }) == good);
    return found;
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + R"("x")" + std::string(depth, ']');
}

} // namespace

TEST_CASE("strings of a JSON document with their paths", "[runtimes]") {
    CHECK(strings_of(R"({"a":"1","b":{"c":["2",{"d":"3"},4,null,true,1.5,["5"]]},"e":"6"})") ==
          std::map<std::string, std::string>{{"/a", "1"},
                                             {"/b/c/[0]", "2"},
                                             {"/b/c/[1]/d", "3"},
                                             {"/b/c/[6]/[0]", "5"},
                                             {"/e", "6"}});
    CHECK(strings_of("\"x\"") == std::map<std::string, std::string>{{"", "x"}});
    CHECK(strings_of("{}").empty());
}

TEST_CASE("JSON that is broken or too deep is refused", "[runtimes]") {
    for (const char* text : {"", "{", "[1,", "{\"a\":}", "nonsense", "{\"a\":\"b\"} x", "\"\xff\"",
                             "{\"a\":1e999}", "[\"\\ud800\"]"})
        strings_of(text, false);
    strings_of(nested(max_json_depth));
    strings_of(nested(max_json_depth + 1), false);
    strings_of(std::string(1 << 20, '['), false);
    std::string objects;
    for (int depth = 0; depth < 100'000; ++depth)
        objects += "{\"a\":";
    strings_of(objects, false);
}
