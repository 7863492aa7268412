// A replay uses the data of the recording, and nothing of the host that reads it.
#include "../recording/scene.h"
#include "app/replay.h"
#include "app/replayed_leftovers.h"
#include "catch2.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

struct Nobody : EventConsumer {
    void event(const Event& /*event*/) override {}
    void counted(const Event& /*event*/, std::uint64_t /*times*/) override {}
};

NamespaceRecord namespace_of_scene() {
    NamespaceRecord record{client_v4().netns, "blue", "", NetSettings()};
    record.settings->ephemeral = {32768, 60999};
    return record;
}

PresentSocket present(std::uint16_t port, std::uint32_t remaining_ms) {
    PresentSocket socket;
    socket.netns = 1;
    socket.local = address("10.0.0.1");
    socket.remote = address("10.0.0.2");
    socket.local_port = port;
    socket.remote_port = 80;
    socket.remaining_ms = remaining_ms;
    return socket;
}

std::unique_ptr<Replay> replay_of(const Options& options) {
    auto replay = Replay::open(options);
    REQUIRE(replay);
    return *std::move(replay);
}

std::vector<std::string> notes_of(const Options& options) {
    const auto replay = replay_of(options);
    Nobody nobody;
    while (replay->step(nobody)) {
    }
    return replay->notes();
}

} // namespace

TEST_CASE("replay: port settings come from the recording, or are not known", "[replay]") {
    const TemporaryDirectory directory;
    Options options;
    options.from = directory.path("a.twr");
    const bool has_settings = GENERATE(true, false);
    {
        auto writer = *RecordingWriter::open(options.from, {}, scene_start());
        NamespaceRecord record = namespace_of_scene();
        if (!has_settings)
            record.settings.reset();
        writer->netns(record);
        writer->event(scene_event(0.5));
        writer->end(scene_sample(1, 1));
    }
    const auto replay = replay_of(options);
    const auto namespaces = replay->namespaces({});
    namespaces->find();
    CHECK_FALSE(namespaces->usual_settings());
    CHECK(namespaces->views().at(client_v4().netns).settings.has_value() == has_settings);
    const auto notes = notes_of(options);
    REQUIRE(notes.size() == (has_settings ? 0 : 1));
    CHECK((has_settings || notes[0].find("has no settings for 1 of 1") != std::string::npos));
}

TEST_CASE("replay: the state at the recorder's start is known before the first event", "[replay]") {
    const TemporaryDirectory directory;
    Options options;
    options.from = directory.path("a.twr");
    ConntrackRecord before{client_v4().netns, {}};
    before.counts.entries = 10;
    before.counts.insert_failed = 3;
    ConntrackRecord after = before;
    after.counts.entries = 12;
    after.counts.insert_failed = 8;
    {
        auto writer = *RecordingWriter::open(options.from, {}, scene_start());
        writer->sockets({present(1, 30'000)});
        writer->netns(namespace_of_scene());
        writer->conntrack(before);
        writer->event(scene_event(0.5));
        writer->conntrack(after);
        writer->end(scene_sample(1, 1));
    }
    const auto replay = replay_of(options);
    CHECK(replay->present().size() == 1);
    CHECK(replay->netns_at_begin().at(before.netns).conntrack->insert_failed == 3);
    Nobody nobody;
    while (replay->step(nobody)) {
    }
    CHECK(replay->netns_at_begin().at(before.netns).conntrack->insert_failed == 3);
    CHECK(replay->netns().at(before.netns).conntrack->insert_failed == 8);
    CHECK(replay->netns().at(before.netns).conntrack->entries == 12U);
}

TEST_CASE("replay: sockets from before the span that remain at its end", "[replay]") {
    const TemporaryDirectory directory;
    Options options;
    options.from = directory.path("a.twr");
    Event old = scene_event(5, 50'000);
    Event replaced = scene_event(6, 50'001);
    Event replacing = scene_event(25, 50'001);
    {
        auto writer = *RecordingWriter::open(options.from, {}, scene_start());
        writer->sockets({present(1, 29'000), present(2, 45'000)});
        writer->event(old);
        writer->event(replaced);
        for (int second = 1; second <= 30; ++second) {
            if (second == 25)
                writer->event(replacing);
            writer->sample(scene_sample(second + 0.1, second < 25 ? 2 : 3));
        }
        writer->end(scene_sample(30.5, 3));
    }
    const auto leftovers = [&options] {
        const auto replay = replay_of(options);
        auto sockets = ReplayedLeftovers::before(*replay, options);
        REQUIRE(sockets);
        while (replay->step(*sockets)) {
        }
        return sockets->at(replay->end_wall_ns());
    };
    SECTION("all of it") {
        const auto left = leftovers();
        CHECK(left.sockets == 1); // one of the two that the recorder found
        CHECK(left.last_ends_in_ms == 14'500);
        CHECK(left.by_service.empty());
    }
    SECTION("its last seconds") {
        options.begin = "-10s";
        const auto left = leftovers();
        CHECK(left.sockets == 2); // including `old`; `replacing` belongs to the span
        CHECK(left.last_ends_in_ms == 34'500);
    }
}

TEST_CASE("replay: a run whose first file was removed begins with the remaining files",
          "[replay]") {
    const TemporaryDirectory directory;
    Options options;
    options.from = directory.path("flight/");
    {
        auto writer = *RecordingWriter::open(options.from, {1U << 20U, 0}, scene_start());
        // 400 s with a thousand entries each: several files, of which the first ones are removed.
        for (int second = 1; second <= 400; ++second) {
            for (std::uint16_t port = 0; port < 1000; ++port) {
                Event event = scene_event(second - 0.999 + port * 0.0009, port);
                event.bytes_sent = static_cast<std::uint64_t>(second) * 7919 * port;
                event.bytes_received = static_cast<std::uint64_t>(second) * 104729 + port * 31;
                writer->event(event);
                if (port == 500) // a block may begin between two samples
                    writer->flush(scene_wall_ns +
                                  static_cast<std::uint64_t>(second) * 1'000'000'000);
            }
            writer->sample(scene_sample(second, static_cast<std::uint64_t>(second) * 1000));
            writer->flush(scene_wall_ns + static_cast<std::uint64_t>(second) * 1'000'000'000);
        }
        writer->end(scene_sample(400.5, 400'000));
    }
    struct Counter : Nobody {
        std::uint64_t entries = 0;
        void event(const Event& /*event*/) override { ++entries; }
    } counter;
    const auto replay = replay_of(options);
    REQUIRE(replay->start_wall_ns() > scene_wall_ns);
    while (replay->step(counter)) {
    }
    CHECK(counter.entries > 0);
    CHECK(counter.entries < 400'000);
    CHECK(replay->accounting().captured == counter.entries);
    CHECK(replay->accounting().exact);
}
