#include "attribute/passive_ends.h"

#include <cstring>

#include "model/loopback.h"
#include "util/hash.h"

namespace twtrace {

std::size_t PassiveEnds::slot_of(const Key& key) {
    std::uint64_t halves[4];
    std::memcpy(&halves[0], key.local.bytes.data(), 16);
    std::memcpy(&halves[2], key.remote.bytes.data(), 16);
    std::size_t hash = mix(key.netns, std::uint64_t{key.local_port} << 16U | key.remote_port);
    for (const std::uint64_t half : halves)
        hash = mix(hash, half);
    return hash % slot_count;
}

std::uint32_t PassiveEnds::number_of(const std::string& service) {
    if (last_ != 0 && *names_[last_ - 1] == service)
        return last_;
    const auto known = numbers_.find(service);
    if (known != numbers_.end())
        return last_ = known->second;
    if (names_.size() == max_names) {
        slots_.assign(slot_count, {});
        names_.clear();
        numbers_.clear();
    }
    const auto number = static_cast<std::uint32_t>(names_.size() + 1);
    names_.push_back(&numbers_.emplace(service, number).first->first);
    return last_ = number;
}

void PassiveEnds::note(const Event& event) {
    if (event.type != EventType::PassiveClose || event.owner == nullptr ||
        event.owner->service.empty() || event.local_port == 0 || event.remote_port == 0)
        return;
    slots_.resize(slot_count);
    const Key key{event.remote, event.local, is_loopback(event.local) ? event.netns : 0,
                  event.remote_port, event.local_port};
    slots_[slot_of(key)] = {key, number_of(event.owner->service)};
}

std::string_view PassiveEnds::find(const Event& event) {
    if (slots_.empty() || event.type != EventType::TimeWait)
        return {};
    const Key key{event.local, event.remote, is_loopback(event.remote) ? event.netns : 0,
                  event.local_port, event.remote_port};
    const Slot& slot = slots_[slot_of(key)];
    return slot.service != 0 && slot.key == key ? std::string_view(*names_[slot.service - 1])
                                                : std::string_view();
}

} // namespace twtrace
