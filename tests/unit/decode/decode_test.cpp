#include "catch2.h"

#include <string>

#include "decode/decode.h"
#include "decode/overflow.h"
#include "events.h"
#include "records.h"

using namespace twtrace;
using namespace twtrace::test;

TEST_CASE("decode: every member is read") {
    const auto event = decode_event(bytes_of(time_wait_record()));
    REQUIRE(event);
    CHECK(event->type == EventType::TimeWait);
    CHECK(event->stage == Stage::FinWait2);
    CHECK(event->how == How::Close);
    CHECK(event->role == Role::Client);
    CHECK_FALSE(event->role_inferred);
    CHECK_FALSE(event->retracts);
    CHECK_FALSE(event->caught);
    CHECK(event->netns == 4026531840U);
    CHECK(event->local_port == 45678);
    CHECK(event->remote_port == 80);
    CHECK(event->local == address("127.0.0.1"));
    CHECK(event->remote == address("10.1.2.3"));
    CHECK(event->time_ns == 1'000'000'000);
    CHECK(event->established_ns == 900'000'000);
    CHECK(event->fin_wait1_ns == 999'000'000);
    CHECK(event->bytes_sent == 10);
    CHECK(event->bytes_received == 20);
    CHECK(event->task.start_boottime_ns == 7);
    CHECK(event->task.cgroup_id == 8);
    CHECK(event->task.pid == 100);
    CHECK(event->task.tid == 101);
    CHECK(event->task.uid == 33);
    CHECK(event->task.comm() == "nginx");
    CHECK(event->owner == nullptr);
}

TEST_CASE("decode: IPv6 takes all sixteen bytes, IPv4 the first four") {
    twtrace_event record = time_wait_record();
    for (unsigned index = 0; index < TWTRACE_ADDR_LEN; ++index)
        record.local_addr[index] = static_cast<twtrace_u8>(index + 1);
    CHECK(decode_event(bytes_of(record))->local == address("1.2.3.4"));
    record.family = 6;
    CHECK(decode_event(bytes_of(record))->local == address("102:304:506:708:90a:b0c:d0e:f10"));
}

TEST_CASE("decode: a short record is refused") {
    const auto bytes = bytes_of(time_wait_record());
    for (std::size_t length = 0; length < bytes.size(); ++length)
        CHECK_FALSE(decode_event(std::span(bytes).first(length)));
    CHECK(decode_event(bytes));
}

TEST_CASE("decode: the length in the header is checked against the number of bytes") {
    twtrace_event record = time_wait_record();
    record.header.length = sizeof(record) - 1;
    CHECK_FALSE(decode_event(bytes_of(record)));
    record.header.length = 0;
    CHECK_FALSE(decode_event(bytes_of(record)));
    record.header.length = sizeof(record) + 1;
    CHECK_FALSE(decode_event(bytes_of(record)));
    record.header.length = 65535;
    CHECK_FALSE(decode_event(bytes_of(record)));
}

TEST_CASE("decode: the known part of a longer record is read") {
    twtrace_event record = time_wait_record();
    CHECK(decode_event(bytes_of(record, 8))); // the ring may hand over more than the record
    record.header.length = sizeof(record) + 8;
    const auto event = decode_event(bytes_of(record, 8));
    REQUIRE(event);
    CHECK(event->task.pid == 100);
}

TEST_CASE("decode: a record of an unknown type is refused") {
    for (unsigned type = 0; type < 300; ++type) {
        if (type == TWTRACE_TIME_WAIT_START || type == TWTRACE_TIME_WAIT_END)
            continue; // a shorter record, tested below
        twtrace_event record = time_wait_record();
        record.header.type = static_cast<twtrace_u16>(type);
        CAPTURE(type);
        CHECK(decode_event(bytes_of(record)).has_value() == (type >= 1 && type <= 4));
    }
}

TEST_CASE("decode: values out of range are refused, one by one") {
    for (unsigned value = 0; value < 256; ++value) {
        const auto byte = static_cast<twtrace_u8>(value);
        CAPTURE(value);
        twtrace_event record = time_wait_record();
        record.family = byte;
        CHECK(decode_event(bytes_of(record)).has_value() == (value == 4 || value == 6));
        record = time_wait_record();
        record.stage = byte;
        CHECK(decode_event(bytes_of(record)).has_value() == (value <= TWTRACE_STAGE_FIN_WAIT2));
        record = time_wait_record();
        record.how = byte;
        CHECK(decode_event(bytes_of(record)).has_value() == (value < TWTRACE_HOWS));
        record = time_wait_record();
        record.role = byte;
        CHECK(decode_event(bytes_of(record)).has_value() == (value < TWTRACE_ROLES));
    }
}

TEST_CASE("decode: flags") {
    twtrace_event record = time_wait_record();
    record.header.type = TWTRACE_ABORTED;
    record.flags = TWTRACE_FLAG_RETRACTS;
    CHECK(decode_event(bytes_of(record))->retracts);
    CHECK_FALSE(decode_event(bytes_of(record))->caught);
    record.flags = TWTRACE_FLAG_CAUGHT;
    CHECK_FALSE(decode_event(bytes_of(record))->retracts);
    CHECK(decode_event(bytes_of(record))->caught);
    CHECK_FALSE(decode_event(bytes_of(record))->port_bound);
    record.flags = TWTRACE_FLAG_PORT_BOUND;
    CHECK(decode_event(bytes_of(record))->port_bound);
}

TEST_CASE("decode: only an aborted close retracts an entry") {
    twtrace_event record = time_wait_record();
    record.flags = TWTRACE_FLAG_RETRACTS;
    for (unsigned type : {TWTRACE_TIME_WAIT, TWTRACE_PASSIVE_CLOSE, TWTRACE_PORT_EXHAUSTED}) {
        record.header.type = static_cast<twtrace_u16>(type);
        CHECK_FALSE(decode_event(bytes_of(record))->retracts);
    }
}

TEST_CASE("decode: a name that is not terminated ends with its field") {
    twtrace_event record = time_wait_record();
    std::memset(record.task.comm, 'x', sizeof(record.task.comm));
    CHECK(decode_event(bytes_of(record))->task.comm() == std::string(16, 'x'));
}

TEST_CASE("decode: the end of a minisock") {
    twtrace_minisock record = minisock_record();
    auto event = decode_event(bytes_of(record));
    REQUIRE(event);
    CHECK(event->type == EventType::TimeWaitEnd);
    CHECK(event->stage == Stage::TimeWait);
    CHECK(event->reason == Reason::ReusedConnect);
    CHECK(event->netns == 4026531840U);
    CHECK(event->local_port == 45678);
    CHECK(event->remote_port == 80);
    CHECK(event->local == address("127.0.0.1"));
    CHECK(event->remote == address("10.1.2.3"));
    CHECK(event->time_ns == 3'500'000'000);
    CHECK_FALSE(event->task.known());
    CHECK_FALSE(event->held);
    CHECK_FALSE(event->held_us());
    record.header.type = TWTRACE_TIME_WAIT_START;
    record.stage = TWTRACE_STAGE_FIN_WAIT2;
    record.reason = TWTRACE_REASON_NONE;
    event = decode_event(bytes_of(record));
    REQUIRE(event);
    CHECK(event->type == EventType::TimeWaitStart);
    CHECK(event->stage == Stage::FinWait2);
}

TEST_CASE("decode: a minisock's record that is short or out of range is refused") {
    const auto bytes = bytes_of(minisock_record());
    for (std::size_t length = 0; length < bytes.size(); ++length)
        CHECK_FALSE(decode_event(std::span(bytes).first(length)));
    twtrace_minisock record = minisock_record();
    record.header.length = sizeof(record) - 1;
    CHECK_FALSE(decode_event(bytes_of(record)));
    record.header.length = sizeof(record) + 1;
    CHECK_FALSE(decode_event(bytes_of(record)));
    for (unsigned value = 0; value < 256; ++value) {
        const auto byte = static_cast<twtrace_u8>(value);
        CAPTURE(value);
        record = minisock_record();
        record.family = byte;
        CHECK(decode_event(bytes_of(record)).has_value() == (value == 4 || value == 6));
        record = minisock_record();
        record.stage = byte;
        CHECK(decode_event(bytes_of(record)).has_value() == (value == 1 || value == 2));
        record = minisock_record();
        record.reason = byte;
        const bool ends =
            value == 1 || value == 2 || (value >= 6 && value <= TWTRACE_REASON_DESTROYED);
        CHECK(decode_event(bytes_of(record)).has_value() == ends);
    }
}

TEST_CASE("overflow: a row of the kernel side's table is an event without times") {
    twtrace_overflow_key key{};
    key.type = TWTRACE_TIME_WAIT;
    key.family = 6;
    key.stage = TWTRACE_STAGE_FIN_WAIT2;
    key.how = TWTRACE_HOW_EXIT;
    key.role = TWTRACE_ROLE_SERVER;
    key.retracts = 0;
    key.netns = 5;
    key.local_port = 443;
    key.remote_addr[0] = 0xfd;
    key.remote_addr[15] = 1;
    key.task.pid = 100;
    key.task.start_boottime_ns = 7;
    std::memcpy(key.task.comm, "php", 4);
    const Event event = event_of(key);
    CHECK(event.type == EventType::TimeWait);
    CHECK(event.stage == Stage::FinWait2);
    CHECK(event.how == How::Exit);
    CHECK(event.role == Role::Server);
    CHECK(event.netns == 5);
    CHECK(event.local_port == 443);
    CHECK(event.remote_port == 0);
    CHECK(event.local.family == 6);
    CHECK(event.remote == address("fd00::1"));
    CHECK(event.task.pid == 100);
    CHECK(event.task.start_boottime_ns == 7);
    CHECK(event.task.comm() == "php");
    CHECK_FALSE(event.lifetime_us());
    CHECK_FALSE(event.close_us());
    CHECK_FALSE(event.retracts);
    key.type = TWTRACE_ABORTED;
    key.retracts = 1;
    CHECK(event_of(key).retracts);
}

TEST_CASE("overflow: values out of range become unknown") {
    twtrace_overflow_key key{};
    key.type = TWTRACE_TIME_WAIT;
    key.family = 4;
    key.stage = key.how = key.role = 255;
    const Event event = event_of(key);
    CHECK(event.stage == Stage::None);
    CHECK(event.how == How::Unknown);
    CHECK(event.role == Role::Unknown);
}

TEST_CASE("decode: a new cgroup") {
    twtrace_cgroup record{};
    record.header = {TWTRACE_CGROUP_CREATED, sizeof(record)};
    record.id = 4711;
    std::string_view("/docker/0123").copy(record.path, sizeof(record.path));
    const auto bytes = std::as_bytes(std::span(&record, 1));
    const auto made = decode_cgroup(bytes);
    REQUIRE(made);
    CHECK(made->id == 4711);
    CHECK(made->path == "/docker/0123");
    CHECK_FALSE(decode_event(bytes));
    CHECK_FALSE(decode_cgroup(bytes.first(bytes.size() - 1)));
    CHECK_FALSE(decode_cgroup({}));
    record.path[0] = 'x';
    CHECK_FALSE(decode_cgroup(bytes));
    std::fill(std::begin(record.path), std::end(record.path), '/'); // no end
    CHECK_FALSE(decode_cgroup(bytes));
    record.header.type = TWTRACE_TIME_WAIT;
    CHECK_FALSE(decode_cgroup(bytes));
}

TEST_CASE("decode: the first event of a network namespace") {
    twtrace_netns record{};
    record.header = {TWTRACE_NETNS_SEEN, sizeof(record)};
    record.pid = 42;
    record.id = 0xabcd'0000'f00d'0001;
    const auto bytes = std::as_bytes(std::span(&record, 1));
    const auto netns = decode_netns(bytes);
    REQUIRE(netns);
    CHECK(netns->pid == 42);
    CHECK(netns->id == 0xabcd'0000'f00d'0001);
    CHECK_FALSE(decode_event(bytes));
    CHECK_FALSE(decode_netns(bytes.first(bytes.size() - 1)));
    CHECK_FALSE(decode_netns({}));
    record.id = 0xabcd'0000'0000'0000; // no inode
    CHECK_FALSE(decode_netns(bytes));
    record.id = 1;
    record.header.type = TWTRACE_TIME_WAIT;
    CHECK_FALSE(decode_netns(bytes));
}

TEST_CASE("decode: whether a connection had TCP timestamps") {
    twtrace_event record = time_wait_record();
    CHECK(decode_event(bytes_of(record))->timestamps == false);
    record.flags |= TWTRACE_FLAG_TIMESTAMPS;
    CHECK(decode_event(bytes_of(record))->timestamps == true);
    record.header.type = TWTRACE_PORT_EXHAUSTED; // no connection was made
    CHECK_FALSE(decode_event(bytes_of(record))->timestamps.has_value());
    CHECK_FALSE(decode_event(bytes_of(minisock_record()))->timestamps.has_value());
    twtrace_overflow_key lost{};
    lost.type = TWTRACE_TIME_WAIT;
    CHECK(event_of(lost).timestamps == true);
    lost.no_timestamps = 1;
    CHECK(event_of(lost).timestamps == false);
    lost.type = TWTRACE_PASSIVE_CLOSE; // these are counted without timestamps
    CHECK_FALSE(event_of(lost).timestamps.has_value());
}

TEST_CASE("decode: the reason for a missing port, and a port that the program chose") {
    twtrace_event record = time_wait_record();
    record.flags |= TWTRACE_FLAG_PORT_CHOSEN;
    CHECK(decode_event(bytes_of(record))->port_chosen);
    record.reason = TWTRACE_REASON_PORT_TAKEN; // invalid for an entry
    CHECK_FALSE(decode_event(bytes_of(record)));
    record.header.type = TWTRACE_PORT_EXHAUSTED;
    CHECK(decode_event(bytes_of(record))->reason == Reason::PortTaken);
    record.reason = TWTRACE_REASON_OWN_RANGE;
    CHECK(decode_event(bytes_of(record))->reason == Reason::OwnRange);
    record.reason = TWTRACE_REASON_NONE;
    CHECK(decode_event(bytes_of(record))->reason == Reason::None);
    record.reason = TWTRACE_REASON_PEER_RESET;
    CHECK_FALSE(decode_event(bytes_of(record)));
}
