#include "app/recording_span.h"

#include <filesystem>
#include <fstream>

#include "../recording/scene.h"
#include "catch2.h"

using namespace twtrace;
using namespace twtrace::test;

TEST_CASE("span of a recording: a file, with or without times", "[recording]") {
    const auto whole = parse_span("web.twr");
    REQUIRE(whole);
    CHECK(whole->path == "web.twr");
    CHECK(whole->begin.empty());
    CHECK(whole->end.empty());
    const auto part = parse_span("web.twr@03:10..-1s");
    REQUIRE(part);
    CHECK(part->path == "web.twr");
    CHECK(part->begin == "03:10");
    CHECK(part->end == "-1s");
    CHECK_FALSE(parse_span("web.twr@03:10"));
}

TEST_CASE("span of a recording: the name of an existing file may contain @", "[recording]") {
    const TemporaryDirectory directory;
    const std::string file = directory.path("web@1.twr");
    std::ofstream(file) << "recording";
    const std::string folder = directory.path("web@a..b");
    std::filesystem::create_directory(folder);
    for (const std::string& name : {file, folder}) {
        const auto whole = parse_span(name);
        REQUIRE(whole);
        CHECK(whole->path == name);
        CHECK(whole->begin.empty());
        const auto part = parse_span(name + "@03:10..");
        REQUIRE(part);
        CHECK(part->path == name);
        CHECK(part->begin == "03:10");
    }
}
