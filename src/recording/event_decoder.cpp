#include "recording/event_codec.h"

#include <algorithm>
#include <cstring>

#include "recording/event_bits.h"
#include "recording/packed_numbers.h"
#include "recording/varint.h"

namespace twtrace {

namespace {

bool read_address(std::string_view body, Address& address) {
    if (body.empty())
        return false;
    address.family = static_cast<std::uint8_t>(body[0]);
    const std::size_t size = address.family == 4 ? 4 : 16;
    if ((address.family != 0 && address.family != 4 && address.family != 6) ||
        body.size() != 1 + size)
        return false;
    std::copy_n(body.begin() + 1, size, address.bytes.begin());
    return true;
}

bool read_task(std::string_view body, Task& task) {
    ByteReader reader(body);
    task.pid = static_cast<std::uint32_t>(reader.varint());
    task.tid = static_cast<std::uint32_t>(reader.varint());
    task.uid = static_cast<std::uint32_t>(reader.varint());
    task.parent_pid = static_cast<std::uint32_t>(reader.varint());
    task.start_boottime_ns = reader.varint();
    task.cgroup_id = reader.varint();
    if (!reader.ok() || reader.left() >= task.comm_bytes.size())
        return false;
    const std::string_view comm = reader.bytes(reader.left());
    std::copy(comm.begin(), comm.end(), task.comm_bytes.begin());
    return true;
}

// An older version wrote fewer texts, a newer one more.
bool read_owner(std::string_view body, Owner& owner) {
    ByteReader reader(body);
    for (const auto field : owner_texts) {
        if (reader.left() == 0)
            break;
        const std::uint64_t size = reader.varint();
        owner.*field = std::string(reader.bytes(size));
    }
    owner.id = new_owner_id();
    return reader.ok();
}

std::uint64_t moment_of(std::uint64_t written, std::uint64_t time_ns) {
    return written == 0 ? 0 : time_ns - static_cast<std::uint64_t>(unzigzag(written - 1));
}

// The numbers that both versions write in this order; next() reads one.
template <typename Next>
void read_moments_and_bytes(Event& event, Next next) {
    event.established_ns = moment_of(next(), event.time_ns);
    event.fin_wait1_ns = moment_of(next(), event.time_ns);
    event.entered_ns = moment_of(next(), event.time_ns);
    event.bytes_sent = next();
    event.bytes_received = next();
}

} // namespace

void EventDecoder::forget() {
    *this = EventDecoder();
}

bool EventDecoder::learn(RecordKind kind, std::string_view body) {
    switch (kind) {
    case RecordKind::Address:
        return read_address(body, addresses_.emplace_back());
    case RecordKind::Task:
        return read_task(body, tasks_.emplace_back());
    case RecordKind::Owner:
        return read_owner(body, owners_.emplace_back());
    case RecordKind::Text:
        texts_.emplace_back(body);
        return true;
    case RecordKind::Context:
        return learn_context(body);
    case RecordKind::Clock: {
        ByteReader reader(body);
        to_wall_ns_ += static_cast<std::uint64_t>(unzigzag(reader.varint()));
        return reader.ok();
    }
    default:
        return false;
    }
}

// False: a number is not in its table.
bool EventDecoder::refer(Event& event, std::uint64_t task, std::uint64_t owner,
                         std::uint64_t netns_name, std::uint64_t remote_service) const {
    if (task >= tasks_.size() || owner > owners_.size() || netns_name > texts_.size() ||
        remote_service > texts_.size())
        return false;
    const auto text = [this](std::uint64_t number) {
        return number == 0 ? std::string_view() : std::string_view(texts_[number - 1]);
    };
    event.task = tasks_[task];
    event.owner = owner == 0 ? nullptr : &owners_[owner - 1];
    event.netns_name = text(netns_name);
    event.remote_service = text(remote_service);
    return true;
}

bool EventDecoder::learn_context(std::string_view body) {
    ByteReader reader(body);
    Event& event = contexts_.emplace_back();
    const std::uint64_t bits = reader.varint();
    event.netns = static_cast<std::uint32_t>(reader.varint());
    event.netns_mix = static_cast<std::uint32_t>(reader.varint());
    const std::uint64_t task = reader.varint();
    const std::uint64_t owner = reader.varint();
    const std::uint64_t netns_name = reader.varint();
    const std::uint64_t remote_service = reader.varint();
    return reader.ok() && set_bits(event, bits) &&
           refer(event, task, owner, netns_name, remote_service);
}

bool EventDecoder::decode(RecordKind kind, std::string_view body, Event& event,
                          std::uint64_t& times) {
    return kind == RecordKind::PackedEvent ? decode_packed(body, event, times)
                                           : decode_version_1(kind, body, event, times);
}

bool EventDecoder::decode_packed(std::string_view body, Event& event, std::uint64_t& times) {
    if (body.size() < ports_bytes + sizeof(std::uint32_t))
        return false;
    PackedReader packed(body.data() + ports_bytes);
    const std::uint64_t context = packed.get();
    const std::uint64_t local = packed.get();
    const std::uint64_t remote = packed.get();
    if (context >= contexts_.size() || local >= addresses_.size() || remote >= addresses_.size())
        return false;
    event = contexts_[context];
    event.local = addresses_[local];
    event.remote = addresses_[remote];
    std::memcpy(&event.local_port, body.data(), sizeof(event.local_port));
    std::memcpy(&event.remote_port, body.data() + sizeof(event.local_port),
                sizeof(event.remote_port));
    event.time_ns = last_time_ns_ + static_cast<std::uint64_t>(unzigzag(packed.get()));
    event.wall_ns = event.time_ns + to_wall_ns_;
    read_moments_and_bytes(event, [&] { return packed.get(); });
    times = packed.get();
    last_time_ns_ = event.time_ns;
    return packed.at() <= body.data() + body.size();
}

bool EventDecoder::decode_version_1(RecordKind kind, std::string_view body, Event& event,
                                    std::uint64_t& times) {
    ByteReader reader(body);
    event = Event();
    const std::uint64_t bits = reader.varint();
    event.netns = static_cast<std::uint32_t>(reader.varint());
    const std::uint64_t local = reader.varint();
    const std::uint64_t remote = reader.varint();
    event.local_port = static_cast<std::uint16_t>(reader.varint());
    event.remote_port = static_cast<std::uint16_t>(reader.varint());
    event.time_ns = last_time_ns_ + static_cast<std::uint64_t>(unzigzag(reader.varint()));
    to_wall_ns_ += static_cast<std::uint64_t>(unzigzag(reader.varint()));
    event.wall_ns = event.time_ns + to_wall_ns_;
    read_moments_and_bytes(event, [&] { return reader.varint(); });
    const std::uint64_t task = reader.varint();
    const std::uint64_t owner = reader.varint();
    const std::uint64_t netns_name = reader.varint();
    times = kind == RecordKind::Counted ? reader.varint() : 0;
    const std::uint64_t remote_service = reader.left() > 0 ? reader.varint() : 0;
    event.netns_mix = static_cast<std::uint32_t>(reader.left() > 0 ? reader.varint() : 0);
    last_time_ns_ = event.time_ns;
    if (!reader.ok() || !set_bits(event, bits) || local >= addresses_.size() ||
        remote >= addresses_.size())
        return false;
    event.local = addresses_[local];
    event.remote = addresses_[remote];
    return refer(event, task, owner, netns_name, remote_service);
}

} // namespace twtrace
