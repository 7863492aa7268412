// The files of a flight recorder: which are kept, and which are removed.
#include "catch2.h"

#include <array>

#include <fcntl.h>
#include <sys/stat.h>

#include "scene.h"

using namespace twtrace;
using namespace twtrace::test;

TEST_CASE("a flight recorder keeps its bound and its newest files", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("flight/");
    constexpr std::uint64_t bound = 1U << 20U;
    std::uint64_t written = 0;
    {
        auto writer = *RecordingWriter::open(path, {bound, 0}, scene_start());
        REQUIRE_FALSE(RecordingWriter::open(path, {bound, 0}, scene_start())); // only one
        for (int second = 1; second <= 400; ++second) {
            for (std::uint16_t port = 0; port < 1000; ++port) {
                Event event = scene_event(second + port * 0.0009, port);
                event.bytes_sent = static_cast<std::uint64_t>(second) * 7919 * port;
                event.bytes_received = static_cast<std::uint64_t>(second) * 104729 + port * 31;
                writer->event(event);
            }
            writer->sample(scene_sample(second + 0.99, static_cast<std::uint64_t>(second) * 1000));
            writer->flush(scene_wall_ns + static_cast<std::uint64_t>(second) * 1'000'000'000);
            std::uint64_t bytes = 0;
            for (const auto& segment : segments_in(path))
                bytes += segment.bytes;
            CHECK(bytes <= bound);
        }
        written = writer->written_bytes();
        writer->end(scene_sample(401, 400'000));
    }
    CHECK(written > 2 * bound); // some were removed
    const Collected all = read_all(path);
    REQUIRE_FALSE(all.events.empty());
    CHECK(all.events.back().event.time_ns > scene_ns + 400'000'000'000);
    for (std::size_t index = 1; index < all.events.size(); ++index) // and no event between them
        CHECK(all.events[index].event.time_ns > all.events[index - 1].event.time_ns);
    CHECK(all.ends.size() == 1);
}

TEST_CASE("a flight recorder removes the files that are older than its maximum age",
          "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("flight/");
    constexpr std::uint64_t max_age_s = 3600;
    constexpr std::int64_t start_s = scene_wall_ns / 1'000'000'000;
    constexpr int seconds = 4 * 3600;
    {
        auto writer = *RecordingWriter::open(path, {1U << 30U, max_age_s}, scene_start());
        for (int second = 60; second <= seconds; second += 60) {
            writer->event(scene_event(second));
            writer->sample(scene_sample(second + 0.5, static_cast<std::uint64_t>(second)));
            writer->flush(scene_wall_ns + static_cast<std::uint64_t>(second) * 1'000'000'000);
            const timespec written{start_s + second, 0}; // of the scene, not of the test
            const std::array times{written, written};
            const auto segments = segments_in(path);
            utimensat(AT_FDCWD, segments.back().path.c_str(), times.data(), 0);
            // A file is removed when the next one begins, at the latest after a block of 5 minutes.
            CHECK(segments.front().modified_s + 3600 + 360 >= start_s + second);
        }
    }
    const auto segments = segments_in(path);
    CHECK(segments.size() > 10);
    CHECK(segments.size() < 16);
    const Collected all = read_all(path);
    REQUIRE_FALSE(all.events.empty());
    CHECK(all.events.back().event.wall_ns == scene_event(seconds).wall_ns);
    CHECK(all.events.front().event.wall_ns <= scene_event(seconds - 3600).wall_ns);
}
