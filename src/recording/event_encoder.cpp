#include "recording/event_codec.h"

#include <cstring>

#include "recording/event_bits.h"
#include "recording/varint.h"

namespace twtrace {

namespace {

void append_record(std::string& out, RecordKind kind, std::string_view body) {
    append_varint(out, static_cast<std::uint64_t>(kind));
    append_varint(out, body.size());
    out.append(body);
}

// 0: none. The difference is signed: clocks of two CPUs may differ by some nanoseconds.
char* write_moment(char* out, std::uint64_t at_ns, std::uint64_t time_ns) {
    if (at_ns == 0)
        return write_varint(out, 0);
    return write_varint(out, zigzag(static_cast<std::int64_t>(time_ns - at_ns)) + 1);
}

} // namespace

void EventEncoder::forget() {
    *this = EventEncoder();
}

std::size_t EventEncoder::AddressHash::operator()(const Address& address) const {
    std::uint64_t halves[2];
    std::memcpy(halves, address.bytes.data(), sizeof(halves));
    return mix(mix(address.family, halves[0]), halves[1]);
}

std::uint64_t EventEncoder::number_of(std::string& out, const Address& address) {
    const auto [found, is_new] = addresses_.try_emplace(address, addresses_.size());
    if (is_new) {
        std::string body(1, static_cast<char>(address.family));
        body.append(reinterpret_cast<const char*>(address.bytes.data()),
                    address.family == 4 ? 4 : 16);
        append_record(out, RecordKind::Address, body);
    }
    return found->second;
}

std::uint64_t EventEncoder::number_of(std::string& out, const Task& task) {
    const auto [found, is_new] = tasks_.try_emplace(task, tasks_.size());
    if (is_new) {
        std::string body;
        for (const std::uint64_t number :
             {std::uint64_t{task.pid}, std::uint64_t{task.tid}, std::uint64_t{task.uid},
              std::uint64_t{task.parent_pid}, task.start_boottime_ns, task.cgroup_id})
            append_varint(body, number);
        body.append(task.comm());
        append_record(out, RecordKind::Task, body);
    }
    return found->second;
}

std::uint64_t EventEncoder::number_of(std::string& out, const Owner* owner) {
    if (owner == nullptr)
        return 0;
    KnownOwner& known = owners_[owner];
    if (known.number != 0 && known.content == *owner)
        return known.number;
    known = {*owner, ++next_owner_};
    std::string body;
    for (const auto field : owner_texts) {
        append_varint(body, (owner->*field).size());
        body += owner->*field;
    }
    append_record(out, RecordKind::Owner, body);
    return known.number;
}

std::uint64_t EventEncoder::number_of(std::string& out, std::string_view text) {
    if (text.empty())
        return 0;
    const auto [found, is_new] = texts_.try_emplace(std::string(text), texts_.size() + 1);
    if (is_new)
        append_record(out, RecordKind::Text, text);
    return found->second;
}

void EventEncoder::append(std::string& out, const Event& event, std::uint64_t times) {
    const std::uint64_t local = number_of(out, event.local);
    const std::uint64_t remote = number_of(out, event.remote);
    const std::uint64_t task = number_of(out, event.task);
    const std::uint64_t owner = number_of(out, event.owner);
    const std::uint64_t netns_name = number_of(out, event.netns_name);
    const std::uint64_t remote_service = number_of(out, event.remote_service);
    const std::uint64_t to_wall_ns = event.wall_ns - event.time_ns;

    char room[20 * longest_varint];
    char* end = write_varint(room, bits_of(event));
    end = write_varint(end, event.netns);
    end = write_varint(end, local);
    end = write_varint(end, remote);
    end = write_varint(end, event.local_port);
    end = write_varint(end, event.remote_port);
    end = write_varint(end, zigzag(static_cast<std::int64_t>(event.time_ns - last_time_ns_)));
    end = write_varint(end, zigzag(static_cast<std::int64_t>(to_wall_ns - last_to_wall_ns_)));
    end = write_moment(end, event.established_ns, event.time_ns);
    end = write_moment(end, event.fin_wait1_ns, event.time_ns);
    end = write_moment(end, event.entered_ns, event.time_ns);
    end = write_varint(end, event.bytes_sent);
    end = write_varint(end, event.bytes_received);
    end = write_varint(end, task);
    end = write_varint(end, owner);
    end = write_varint(end, netns_name);
    if (times > 0)
        end = write_varint(end, times);
    if (remote_service != 0 || event.netns_mix != 0) // new fields are appended
        end = write_varint(end, remote_service);
    if (event.netns_mix != 0)
        end = write_varint(end, event.netns_mix);
    last_time_ns_ = event.time_ns;
    last_to_wall_ns_ = to_wall_ns;
    append_record(out, times > 0 ? RecordKind::Counted : RecordKind::Event,
                  {room, static_cast<std::size_t>(end - room)});
}

} // namespace twtrace
