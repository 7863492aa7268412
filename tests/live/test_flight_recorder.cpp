// Lost events of a recorder are counted: a full disk, and directories of bounded size.
#include <sys/mount.h>

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>

#include "catch2.h"
#include "doctor.h"
#include "errors.h"
#include "match.h"
#include "recording.h"
#include "tracer.h"
#include "witness.h"

using namespace live;
using nlohmann::json;

TEST_CASE("recording: on a full disk events are dropped and counted, and the recorder continues",
          "[recording]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    check(mount("none", dir.path().c_str(), "tmpfs", 0, "size=64k,mode=0755") == 0, "mount tmpfs");
    struct Unmount {
        std::string path;
        ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
    } const unmount{dir.path()};
    const std::string path = dir.file("a.twr");
    const std::string filler = dir.file("filler");
    Tracer recorder({"record", "-o", path, "--netns", ns.path()});
    run_jobs(ns, closes(20));
    await("the first events are written", [&] {
        const CommandResult document =
            run_command({twtrace_binary(), "summary", "-o", "json", "--from", path});
        return document.exit_status == 0 && captured(document) == 20;
    });
    run_command({"dd", "if=/dev/zero", "of=" + filler, "bs=4k"});
    const auto said = [&](const std::string& text) {
        return recorder.command().err().find(text) != std::string::npos;
    };
    // Data that fits into the file's last page can still be written.
    await(
        "the disk to be full",
        [&] {
            run_jobs(ns, closes(20));
            return said("are dropped and counted");
        },
        Milliseconds(30000));
    std::filesystem::remove(filler);
    await("the recorder continues", [&] { return said("is written again"); });
    run_jobs(ns, closes(30));
    const CommandResult recorded = recorder.stop();
    INFO("recorder: " << recorded.err);
    CHECK(recorded.exit_status == 1);
    CHECK(recorded.err.find("could not be written") != std::string::npos);
    readable(path);
    const CommandResult document = replay({"summary", "-o", "json"}, path);
    INFO(document.out << document.err);
    const json accounting = json::parse(document.out).at("accounting");
    CHECK(accounting.at("lost").get<std::uint64_t>() > 0);
    CHECK(accounting.at("captured").get<std::uint64_t>() +
              accounting.at("lost").get<std::uint64_t>() ==
          accounting.at("kernel").get<std::uint64_t>());
    CHECK(json::parse(document.out).at("totals").at("time_wait") == accounting.at("captured"));
}

TEST_CASE("recording: a directory has a bounded size and is read as one recording", "[recording]") {
    if (!can_trace()) {
        return;
    }
    const TestNamespace ns;
    const TempDir dir;
    const std::string path = dir.file("flight");
    std::size_t made = 0;
    for (int run = 0; run < 3; ++run) { // a recorder that is restarted
        Tracer recorder({"record", "-o", path + "/", "--netns", ns.path(), "--max-size", "1M"});
        run_jobs(ns, closes(10));
        made += 10;
        REQUIRE(recorder.stop().exit_status == 0);
    }
    const CommandResult document =
        run_command({twtrace_binary(), "summary", "-o", "json", "--from", path});
    INFO(document.err);
    const json summary = json::parse(document.out);
    CHECK(summary.at("totals").at("time_wait") == made);
    CHECK(summary.at("accounting").at("exact") == true);
}

TEST_CASE("recording: every entry missing from a directory that rotates under load is counted",
          "[recording]") {
    if (!can_trace()) {
        return;
    }
    constexpr int closes_a_load = 20'000;
    const TestNamespace ns;
    const TempDir dir;
    const Witness witness;
    const auto files = [](const std::string& directory) {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(directory)) {
            names.insert(entry.path().filename());
        }
        return names;
    };
    const auto accounting_of = [](const std::string& path) {
        const CommandResult document =
            run_command({twtrace_binary(), "summary", "-o", "json", "--from", path});
        INFO(document.out << document.err);
        REQUIRE(document.exit_status == 0);
        const json summary = json::parse(document.out);
        json accounting = summary.at("accounting");
        accounting["told"] = summary.at("totals").at("time_wait");
        return accounting;
    };
    const auto counted = [](const json& accounting) {
        return accounting.at("captured").get<std::uint64_t>() +
               accounting.at("lost").get<std::uint64_t>() +
               accounting.at("missed").get<std::uint64_t>();
    };
    const auto record = [&ns](const std::string& directory, const std::string& size) {
        return Tracer({"record", "-o", directory + "/", "--netns", ns.path(), "--max-size", size});
    };
    const std::string small = dir.file("small");
    const std::string large = dir.file("large");
    const KernelCounters before = ns.counters();
    Tracer bounded = record(small, "1M");
    {
        Tracer unbounded = record(large, "2M");
        connect_and_close(ns, closes_a_load);
        REQUIRE(unbounded.stop().exit_status == 0);
        const std::uint64_t entered = (ns.counters() - before).scheduled();
        const json accounting = accounting_of(large);
        INFO(accounting.dump());
        CHECK(files(large).size() > 1);
        CHECK(accounting.at("kernel") == entered);
        CHECK(accounting.at("told").get<std::uint64_t>() +
                  accounting.at("missed").get<std::uint64_t>() ==
              counted(accounting));
        CHECK(counted(accounting) + witness.hidden_entries() >= entered);
        CHECK(counted(accounting) <= entered);
    }
    const std::string first = *files(small).begin();
    while (files(small).contains(first)) { // until the oldest is removed
        connect_and_close(ns, closes_a_load);
    }
    REQUIRE(bounded.stop().exit_status == 0);
    const std::uint64_t entered = (ns.counters() - before).scheduled();
    const json accounting = accounting_of(small);
    INFO(accounting.dump());
    CHECK(counted(accounting) < entered);
    // The time of an event that was only counted is known to the second.
    CHECK((accounting.at("lost") > 0 || accounting.at("told") == accounting.at("captured")));
    // The recording now begins in the middle of a run. Closes during a sample of the counters may
    // be counted on either side; a missing second would be 10,000 events.
    CHECK(std::abs(accounting.at("unaccounted").get<std::int64_t>()) <=
          100 + static_cast<std::int64_t>(witness.hidden_entries()));
}
