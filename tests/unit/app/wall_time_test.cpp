#include "catch2.h"

#include <cstdlib>
#include <ctime>

#include "../recording/scene.h"
#include "app/wall_time.h"

using namespace twtrace;
using namespace twtrace::test;

TEST_CASE("points in time of a recording", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("a.twr");
    {
        auto writer = *RecordingWriter::open(path, {}, scene_start());
        writer->end(scene_sample(600, 0)); // 09:00 to 09:10, UTC
    }
    const auto recording = *Recording::open(path);
    const auto at = [&](const std::string& text) {
        const auto wall_ns = wall_time_in(recording, text);
        return wall_ns ? static_cast<std::int64_t>(*wall_ns / 1'000'000'000) -
                             static_cast<std::int64_t>(scene_wall_ns / 1'000'000'000)
                       : -1;
    };
    CHECK(*wall_time_in(recording, "") == 0);
    CHECK(at("-15s") == 585);
    CHECK(at("-2m") == 480);
    CHECK(at("-0s") == 600);
    CHECK(at("2026-11-22T09:05:00Z") == 300);
    CHECK(at("2026-11-22T11:05:00+02:00") == 300);
    CHECK(at("2026-11-22T09:05:00.500Z") == 300);
    CHECK(*wall_time_in(recording, "2026-11-22T09:00:00.001971831Z") ==
          scene_wall_ns + 1'971'831); // as twtrace prints it
    CHECK(at("09:05") == 300);
    CHECK(at("09:05:30") == 330);
    CHECK(at("2026-11-22 09:05") == 300);
    CHECK(at("09:20") == 20 * 60 - 86'400); // of the previous day, because the recording was over
    for (const char* wrong :
         {"noon", "25:00", "-", "-5w", "09:05x", "2026-11-22T09:05:00+99:00",
          "2026-11-22T09:05:00+-5:00", "2026-11-22T09:05:00+ 5:00", "2026-11-22T09:05:00+02:+0"})
        CHECK_FALSE(wall_time_in(recording, wrong));
}

TEST_CASE("a time that nanoseconds since 1970 cannot express is an error", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("a.twr");
    {
        auto writer = *RecordingWriter::open(path, {}, scene_start());
        writer->end(scene_sample(600, 0));
    }
    const auto recording = *Recording::open(path);
    for (const char* wrong :
         {"1960-01-01 00:00", "1960-01-01T00:00:00.5Z", "1970-01-01T00:00:00Z", "-30000d",
          "2600-01-01 00:00", "2600-01-01T00:00:00Z", "9999-12-31 00:00"}) {
        INFO(wrong);
        const auto at = wall_time_in(recording, wrong);
        REQUIRE_FALSE(at);
        CHECK(at.error().exit_code == ExitCode::Usage);
        CHECK_THAT(at.error().message, Catch::Matchers::Contains("the years 1970 and 2262"));
    }
    CHECK_FALSE(wall_time_in(recording, "09:05:00.5e30"));
    CHECK(*wall_time_in(recording, "1970-01-01T00:00:00.5Z") == 500'000'000);
    CHECK(*wall_time_in(recording, "2262-01-01T00:00:00Z") == 9'214'646'400'000'000'000);
}

TEST_CASE("a time of day before the night in which the clocks change", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("a.twr");
    RunStart start = scene_start();
    start.start_wall_ns = 1'774'822'080'000'000'000; // Monday, 30 March 2026, 00:08 in Berlin
    {
        auto writer = *RecordingWriter::open(path, {}, start);
        RunSample last = scene_sample(60, 0);
        last.wall_ns = start.start_wall_ns + 60'000'000'000;
        writer->end(last);
    }
    const auto recording = *Recording::open(path);
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    const auto at = wall_time_in(recording, "23:50"); // Sunday had 23 hours
    setenv("TZ", "UTC", 1);
    tzset();
    REQUIRE(at);
    CHECK((start.start_wall_ns - *at) / 1'000'000'000 == 18 * 60);
}
