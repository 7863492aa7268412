#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch2.h"
#include "fake_files.h"
#include "journal/journal_reader.h"
#include "journal/journal_writer.h"

using namespace twtrace;
using twtrace::test::FakeFiles;

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t now_ns = 100'000 * second_ns;

Event closed(std::uint16_t port, std::uint32_t pid, std::uint64_t time_ns = now_ns - second_ns) {
    Event event;
    event.netns = 4026531840;
    event.local = {4, {192, 0, 2, 1}};
    event.remote = {4, {198, 51, 100, 7}};
    event.local_port = port;
    event.remote_port = 443;
    event.role = Role::Client;
    event.time_ns = time_ns;
    event.task.pid = pid;
    event.task.start_boottime_ns = 5;
    event.task.cgroup_id = 6;
    event.task.comm_bytes = {'c', 'u', 'r', 'l'};
    return event;
}

Event asked(std::uint16_t port) {
    Event event = closed(port, 0);
    event.role = Role::Unknown;
    event.task = {};
    return event;
}

std::string journal_in(const std::string& directory) {
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        return entry.path().string();
    return {};
}

std::size_t recalled(const std::string& directory, std::uint16_t ports) {
    const JournalReader reader = JournalReader::read(now_ns, directory);
    std::size_t count = 0;
    for (std::uint16_t port = 1; port <= ports; ++port) {
        Event socket = asked(port);
        count += reader.recall(socket) && socket.task.pid == port ? 1U : 0U;
    }
    return count;
}

} // namespace

TEST_CASE("the closer is found, with role and process") {
    const FakeFiles files;
    const std::string directory = files.path("/journal");
    auto writer = JournalWriter::create(directory);
    REQUIRE(writer);
    writer->add(closed(40001, 77));
    writer->add(closed(40002, 0)); // process not known
    Event aborted = closed(40003, 78);
    aborted.type = EventType::Aborted;
    writer->add(aborted);

    const JournalReader reader = JournalReader::read(now_ns, directory);
    Event socket = asked(40001);
    REQUIRE(reader.recall(socket));
    CHECK(socket.task.pid == 77);
    CHECK(socket.task.comm() == "curl");
    CHECK(socket.task.start_boottime_ns == 5);
    CHECK(socket.task.cgroup_id == 6);
    CHECK(socket.role == Role::Client);
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{40002, 40003, 40004}) {
        socket = asked(port);
        CHECK_FALSE(reader.recall(socket));
        CHECK(socket.role == Role::Unknown);
    }
    socket = asked(40001);
    socket.netns += 1;
    CHECK_FALSE(reader.recall(socket));
}

TEST_CASE("the latest close of the same addresses and ports counts, and none that is too old") {
    const FakeFiles files;
    const std::string directory = files.path("/journal");
    auto writer = JournalWriter::create(directory);
    REQUIRE(writer);
    writer->add(closed(1, 12, now_ns - 2 * second_ns));
    writer->add(closed(1, 11, now_ns - 3 * second_ns));
    writer->add(closed(2, 13, now_ns - 200 * second_ns));
    writer->add(closed(3, 14, now_ns + second_ns)); // a file from before a reboot
    const JournalReader reader = JournalReader::read(now_ns, directory);
    Event socket = asked(1);
    REQUIRE(reader.recall(socket));
    CHECK(socket.task.pid == 12);
    socket = asked(2);
    CHECK_FALSE(reader.recall(socket));
    socket = asked(3);
    CHECK_FALSE(reader.recall(socket));
}

TEST_CASE("a full journal keeps the newest; a quiet one stays small") {
    const FakeFiles files;
    const std::string directory = files.path("/journal");
    auto busy = JournalWriter::create(directory, 6000);
    REQUIRE(busy);
    for (std::uint16_t port = 1; port <= 10'000; ++port)
        busy->add(closed(port, port));
    CHECK(busy->slots() == 6000);
    const JournalReader reader = JournalReader::read(now_ns, directory);
    for (const std::uint16_t port :
         std::initializer_list<std::uint16_t>{4001, 6000, 8000, 10'000}) {
        Event socket = asked(port);
        CHECK(reader.recall(socket));
    }
    Event socket = asked(4000);
    CHECK_FALSE(reader.recall(socket));

    auto quiet = JournalWriter::create(directory);
    REQUIRE(quiet);
    for (std::uint64_t index = 0; index < 50'000; ++index)
        quiet->add(closed(static_cast<std::uint16_t>(index), 9, now_ns + index * second_ns));
    CHECK(quiet->slots() == 4096);
}

TEST_CASE("a burst does not evict entries whose minisocks may still exist") {
    const FakeFiles files;
    const std::string directory = files.path("/journal");
    auto writer = JournalWriter::create(directory);
    REQUIRE(writer);
    for (std::uint64_t index = 0; index < 4096; ++index) // 200 s old to 100 s old
        writer->add(closed(1, 9, now_ns - 200 * second_ns + index * (100 * second_ns / 4096)));
    for (std::uint16_t port = 1; port <= 9000; ++port)
        writer->add(closed(port, port));
    CHECK(recalled(directory, 9000) == 9000);
    CHECK(writer->slots() > 9000);
    CHECK(writer->slots() <= 16'384);
}

TEST_CASE("the file is removed by its tracer, and that of a killed one by the next tracer") {
    const FakeFiles files;
    const std::string directory = files.path("/journal");
    {
        auto writer = JournalWriter::create(directory);
        REQUIRE(writer);
        CHECK_FALSE(journal_in(directory).empty());
    }
    CHECK(journal_in(directory).empty());
    files.write("/journal/1-2.journal", "left behind");
    auto writer = JournalWriter::create(directory);
    REQUIRE(writer);
    auto second = JournalWriter::create(directory); // keeps the file of a running tracer
    REQUIRE(second);
    CHECK(std::distance(std::filesystem::directory_iterator(directory), {}) == 2);
}

TEST_CASE("broken, hostile and foreign journals are ignored") {
    const FakeFiles files;
    const std::string directory = files.path("/journal");
    auto writer = JournalWriter::create(directory);
    REQUIRE(writer);
    writer->add(closed(1, 1));
    std::ifstream in(journal_in(directory), std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    REQUIRE(recalled(directory, 1) == 1);
    const auto damaged = [&](const std::string& text) {
        const std::string other = files.path("/other");
        files.write("/other/1-1.journal", text);
        return recalled(other, 1);
    };
    CHECK(damaged(whole) == 1);
    for (std::size_t at = 0; at < 2 * sizeof(JournalEntry); ++at) {
        std::string text = whole;
        text[at] = static_cast<char>(text[at] ^ 0x10);
        INFO(at);
        CHECK(damaged(text) ==
              (at >= sizeof(JournalHeader) && at < sizeof(JournalEntry) ? 1U : 0U));
    }
    for (const std::size_t size : {0U, 1U, 63U, 64U, 127U})
        CHECK(damaged(whole.substr(0, size)) == 0);
    std::filesystem::create_symlink(journal_in(directory), files.path("/other/2-2.journal"));
    CHECK(damaged("") == 0); // a link is not followed
    CHECK(JournalReader::read(now_ns, files.path("/none")).empty());
    std::filesystem::permissions(files.path("/other"), std::filesystem::perms(0755));
    CHECK_FALSE(JournalWriter::create(files.path("/other")));
}
