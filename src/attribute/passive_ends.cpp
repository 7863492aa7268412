#include "attribute/passive_ends.h"

#include <cstring>

#include "model/loopback.h"
#include "util/hash.h"

namespace twtrace {

std::size_t PassiveEnds::place_of(const Key& key) {
    std::uint64_t halves[4];
    std::memcpy(&halves[0], key.local.bytes.data(), 16);
    std::memcpy(&halves[2], key.remote.bytes.data(), 16);
    std::size_t hash = mix(key.netns, std::uint64_t{key.local_port} << 16U | key.remote_port);
    for (const std::uint64_t half : halves)
        hash = mix(hash, half);
    return hash % places;
}

void PassiveEnds::notice(const Event& event) {
    if (event.type != EventType::PassiveClose || event.owner == nullptr ||
        event.owner->service.empty() || event.local_port == 0 || event.remote_port == 0)
        return;
    services_.resize(places);
    const Key key{event.remote, event.local, is_loopback(event.local) ? event.netns : 0,
                  event.remote_port, event.local_port};
    Place& place = services_[place_of(key)];
    place.key = key;
    place.service = event.owner->service;
}

std::string_view PassiveEnds::find(const Event& event) {
    if (services_.empty() || event.type != EventType::TimeWait)
        return {};
    const Key key{event.local, event.remote, is_loopback(event.remote) ? event.netns : 0,
                  event.local_port, event.remote_port};
    const Place& place = services_[place_of(key)];
    return place.key == key ? std::string_view(place.service) : std::string_view();
}

} // namespace twtrace
