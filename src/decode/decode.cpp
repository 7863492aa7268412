#include "decode/decode.h"

#include <algorithm>
#include <cstring>

#include "decode/overflow.h"

namespace twtrace {

namespace {

bool is_reason_of(twtrace_u16 type, twtrace_u32 reason) {
    const bool of_no_port = reason == TWTRACE_REASON_NONE || reason == TWTRACE_REASON_PORT_TAKEN ||
                            reason == TWTRACE_REASON_OWN_RANGE;
    return type == TWTRACE_PORT_EXHAUSTED ? of_no_port : reason <= TWTRACE_REASON_OTHER;
}

bool in_range(const twtrace_event& record) {
    return record.header.type >= TWTRACE_TIME_WAIT &&
           record.header.type <= TWTRACE_PORT_EXHAUSTED &&
           (record.family == 4 || record.family == 6) && record.stage <= TWTRACE_STAGE_FIN_WAIT2 &&
           record.how < TWTRACE_HOWS && record.role < TWTRACE_ROLES &&
           is_reason_of(record.header.type, record.reason);
}

bool ends_minisocks(twtrace_u8 reason) {
    return reason == TWTRACE_REASON_PEER_RESET || reason == TWTRACE_REASON_LOCAL_RESET ||
           (reason > TWTRACE_REASON_OTHER && reason < TWTRACE_REASON_PORT_TAKEN);
}

bool in_range(const twtrace_minisock& record) {
    const bool start = record.header.type == TWTRACE_TIME_WAIT_START;
    return (start ? record.reason == TWTRACE_REASON_NONE : ends_minisocks(record.reason)) &&
           (record.stage == TWTRACE_STAGE_FIN_WAIT2 ||
            (!start && record.stage == TWTRACE_STAGE_TIME_WAIT)) &&
           (record.family == 4 || record.family == 6);
}

Address address_of(std::uint8_t family, const twtrace_u8 (&bytes)[TWTRACE_ADDR_LEN]) {
    Address address;
    address.family = family;
    std::copy_n(bytes, family == 4 ? 4 : TWTRACE_ADDR_LEN, address.bytes.begin());
    return address;
}

bool is_zero(const twtrace_u8 (&bytes)[TWTRACE_ADDR_LEN]) {
    return std::all_of(std::begin(bytes), std::end(bytes),
                       [](twtrace_u8 byte) { return byte == 0; });
}

Task task_of(const twtrace_task& record) {
    Task task;
    task.pid = record.pid;
    task.tid = record.tid;
    task.uid = record.uid;
    task.parent_pid = record.parent_pid;
    task.start_boottime_ns = record.start_boottime_ns;
    task.cgroup_id = record.cgroup_id;
    std::copy_n(record.comm, TWTRACE_COMM_LEN, task.comm_bytes.begin());
    return task;
}

// Reads the record, or its known front; false if it is not valid.
template <typename Record>
bool read_front(std::span<const std::byte> bytes, Record& record) {
    if (bytes.size() < sizeof(record))
        return false;
    std::memcpy(&record, bytes.data(), sizeof(record));
    return record.header.length >= sizeof(record) && record.header.length <= bytes.size() &&
           in_range(record);
}

// The fields that all records have in common.
template <typename Record>
void read_common(const Record& record, Event& event) {
    event.type = static_cast<EventType>(record.header.type);
    event.stage = static_cast<Stage>(record.stage);
    event.reason = static_cast<Reason>(record.reason);
    event.netns = record.netns;
    event.local_port = record.local_port;
    event.remote_port = record.remote_port;
    event.local = address_of(record.family, record.local_addr);
    event.remote = address_of(record.family, record.remote_addr);
    event.time_ns = record.time_ns;
}

std::optional<Event> decode_minisock(std::span<const std::byte> bytes) {
    twtrace_minisock record;
    if (!read_front(bytes, record))
        return std::nullopt;
    Event event;
    read_common(record, event);
    return event;
}

bool is_of_minisock(std::span<const std::byte> bytes) {
    twtrace_header header;
    if (bytes.size() < sizeof(header))
        return false;
    std::memcpy(&header, bytes.data(), sizeof(header));
    return header.type == TWTRACE_TIME_WAIT_START || header.type == TWTRACE_TIME_WAIT_END;
}

} // namespace

Event event_of(const twtrace_overflow_key& key) {
    Event event;
    event.type = static_cast<EventType>(key.type);
    event.stage =
        key.stage <= TWTRACE_STAGE_FIN_WAIT2 ? static_cast<Stage>(key.stage) : Stage::None;
    event.how = key.how < TWTRACE_HOWS ? static_cast<How>(key.how) : How::Unknown;
    event.role = key.role < TWTRACE_ROLES ? static_cast<Role>(key.role) : Role::Unknown;
    event.retracts = event.type == EventType::Aborted && key.retracts != 0;
    if (event.type == EventType::TimeWait)
        event.timestamps = key.no_timestamps == 0;
    event.netns = key.netns;
    event.local_port = key.local_port;
    event.remote_port = key.remote_port;
    event.local.family = key.family;
    if (!is_zero(key.remote_addr))
        event.remote = address_of(key.family, key.remote_addr);
    event.task = task_of(key.task);
    return event;
}

std::optional<CreatedCgroup> decode_cgroup(std::span<const std::byte> bytes) {
    twtrace_cgroup record; // only its header
    if (bytes.size() < sizeof(record))
        return std::nullopt;
    std::memcpy(&record, bytes.data(), offsetof(twtrace_cgroup, path));
    if (record.header.type != TWTRACE_CGROUP_CREATED || record.header.length < sizeof(record))
        return std::nullopt;
    const auto* path = reinterpret_cast<const char*>(bytes.data()) + offsetof(twtrace_cgroup, path);
    const std::string_view whole(path, sizeof(record.path));
    const std::size_t end = whole.find('\0');
    if (end == std::string_view::npos || !whole.starts_with('/'))
        return std::nullopt;
    return CreatedCgroup{record.id, whole.substr(0, end)};
}

std::optional<twtrace_netns> decode_netns(std::span<const std::byte> bytes) {
    twtrace_netns record;
    if (bytes.size() < sizeof(record))
        return std::nullopt;
    std::memcpy(&record, bytes.data(), sizeof(record));
    if (record.header.type != TWTRACE_NETNS_SEEN || record.header.length < sizeof(record) ||
        static_cast<std::uint32_t>(record.id) == 0)
        return std::nullopt;
    return record;
}

std::optional<Event> decode_event(std::span<const std::byte> bytes) {
    if (is_of_minisock(bytes))
        return decode_minisock(bytes);
    twtrace_event record;
    if (!read_front(bytes, record))
        return std::nullopt;
    Event event;
    read_common(record, event);
    event.netns_mix = record.netns_mix;
    event.how = static_cast<How>(record.how);
    event.role = static_cast<Role>(record.role);
    event.retracts =
        event.type == EventType::Aborted && (record.flags & TWTRACE_FLAG_RETRACTS) != 0;
    event.caught = (record.flags & TWTRACE_FLAG_CAUGHT) != 0;
    event.port_chosen = (record.flags & TWTRACE_FLAG_PORT_CHOSEN) != 0;
    event.port_bound = (record.flags & TWTRACE_FLAG_PORT_BOUND) != 0;
    if (event.type != EventType::PortExhausted) // no connection was established
        event.timestamps = (record.flags & TWTRACE_FLAG_TIMESTAMPS) != 0;
    event.role_inferred = (record.flags & TWTRACE_FLAG_ROLE_INFERRED) != 0;
    event.established_ns = record.established_ns;
    event.fin_wait1_ns = record.fin_wait1_ns;
    event.bytes_sent = record.bytes_sent;
    event.bytes_received = record.bytes_received;
    event.task = task_of(record.task);
    return event;
}

} // namespace twtrace
