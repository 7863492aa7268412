#include "recording/event_codec.h"

#include <cstring>

#include "recording/event_bits.h"
#include "recording/packed_numbers.h"
#include "recording/varint.h"

namespace twtrace {

namespace {

void append_record(std::string& out, RecordKind kind, std::string_view body) {
    append_varint(out, static_cast<std::uint64_t>(kind));
    append_varint(out, body.size());
    out.append(body);
}

// 0: none. The difference is signed: clocks of two CPUs may differ by some nanoseconds.
std::uint64_t moment_of(std::uint64_t at_ns, std::uint64_t time_ns) {
    return at_ns == 0 ? 0 : zigzag(static_cast<std::int64_t>(time_ns - at_ns)) + 1;
}

} // namespace

void EventEncoder::forget() {
    *this = EventEncoder();
}

std::uint64_t EventEncoder::number_of(std::string& out, const Address& address,
                                      Recent<Address>& recent) {
    if (recent.known && recent.key == address)
        return recent.number;
    const auto [found, is_new] = addresses_.try_emplace(address, addresses_.size());
    if (is_new) {
        std::string body(1, static_cast<char>(address.family));
        body.append(reinterpret_cast<const char*>(address.bytes.data()),
                    address.family == 4 ? 4 : 16);
        append_record(out, RecordKind::Address, body);
    }
    recent = {address, found->second, true};
    return recent.number;
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
    if (known.number != 0 && known.content == *owner) {
        known.content.id = owner->id; // so that the texts are not compared again
        return known.number;
    }
    known = {*owner, ++next_owner_};
    std::string body;
    for (const auto field : owner_texts) {
        append_varint(body, (owner->*field).size());
        body += owner->*field;
    }
    append_record(out, RecordKind::Owner, body);
    return known.number;
}

std::uint64_t EventEncoder::number_of(std::string& out, std::string_view text,
                                      Recent<std::string>& recent) {
    if (text.empty())
        return 0;
    if (recent.known && recent.key == text)
        return recent.number;
    auto known = texts_.find(text);
    if (known == texts_.end()) {
        append_record(out, RecordKind::Text, text);
        known = texts_.try_emplace(std::string(text), texts_.size() + 1).first;
    }
    recent = {std::string(text), known->second, true};
    return recent.number;
}

std::uint64_t EventEncoder::context_of(std::string& out, const Event& event) {
    const Context context{event.task,
                          bits_of(event),
                          number_of(out, event.owner),
                          number_of(out, event.netns_name, netns_name_),
                          number_of(out, event.remote_service, remote_service_),
                          event.netns,
                          event.netns_mix};
    Recent<Context>& recent =
        recent_contexts_[(context.task.tid * 2 + context.bits) % recent_contexts_.size()];
    if (recent.known && recent.key == context)
        return recent.number;
    const auto [found, is_new] = contexts_.try_emplace(context, contexts_.size());
    recent = {context, found->second, true};
    if (is_new) {
        const std::uint64_t task = number_of(out, event.task);
        std::string body;
        for (const std::uint64_t number :
             {context.bits, std::uint64_t{context.netns}, std::uint64_t{context.netns_mix}, task,
              context.owner, context.netns_name, context.remote_service})
            append_varint(body, number);
        append_record(out, RecordKind::Context, body);
    }
    return found->second;
}

void EventEncoder::set_clock(std::string& out, std::uint64_t to_wall_ns) {
    if (to_wall_ns == to_wall_ns_)
        return;
    std::string body;
    append_varint(body, zigzag(static_cast<std::int64_t>(to_wall_ns - to_wall_ns_)));
    append_record(out, RecordKind::Clock, body);
    to_wall_ns_ = to_wall_ns;
}

// The order of the numbers never changes. New fields are appended, behind the numbers.
void EventEncoder::append(std::string& out, const Event& event, std::uint64_t times) {
    set_clock(out, event.wall_ns - event.time_ns);
    const std::uint64_t context = context_of(out, event);
    const std::uint64_t local = number_of(out, event.local, local_);
    const std::uint64_t remote = number_of(out, event.remote, remote_);

    constexpr std::size_t before = 2; // kind and length
    char record[before + max_packed_event_bytes];
    char* ports = record + before;
    std::memcpy(ports, &event.local_port, sizeof(event.local_port));
    std::memcpy(ports + sizeof(event.local_port), &event.remote_port, sizeof(event.remote_port));
    PackedWriter packed(ports + ports_bytes);
    packed.put(context);
    packed.put(local);
    packed.put(remote);
    packed.put(zigzag(static_cast<std::int64_t>(event.time_ns - last_time_ns_)));
    packed.put(moment_of(event.established_ns, event.time_ns));
    packed.put(moment_of(event.fin_wait1_ns, event.time_ns));
    packed.put(moment_of(event.entered_ns, event.time_ns));
    packed.put(event.bytes_sent);
    packed.put(event.bytes_received);
    packed.put(times);
    const auto size = static_cast<std::size_t>(packed.finish() - record);
    static_assert(max_packed_event_bytes < 0x80, "the length takes one byte");
    record[0] = static_cast<char>(RecordKind::PackedEvent);
    record[1] = static_cast<char>(size - before);
    out.append(record, size);
    last_time_ns_ = event.time_ns;
}

} // namespace twtrace
