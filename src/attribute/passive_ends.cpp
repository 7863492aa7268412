#include "attribute/passive_ends.h"

#include "model/loopback.h"
#include "util/hash.h"

namespace twtrace {

std::size_t PassiveEnds::KeyHash::operator()(const Key& key) const {
    std::size_t hash = mix(key.netns, std::uint64_t{key.local_port} << 16U | key.remote_port);
    for (const Address* address : {&key.local, &key.remote})
        for (const std::uint8_t byte : address->bytes)
            hash = mix(hash, byte);
    return hash;
}

void PassiveEnds::notice(const Event& event) {
    if (event.type != EventType::PassiveClose || event.owner == nullptr ||
        event.owner->service.empty() || event.local_port == 0 || event.remote_port == 0)
        return;
    services_.put({event.remote, event.local, is_loopback(event.local) ? event.netns : 0,
                   event.remote_port, event.local_port},
                  event.owner->service);
}

std::string_view PassiveEnds::find(const Event& event) {
    if (services_.size() == 0 || event.type != EventType::TimeWait)
        return {};
    const std::string* service =
        services_.find({event.local, event.remote, is_loopback(event.remote) ? event.netns : 0,
                        event.local_port, event.remote_port});
    return service == nullptr ? std::string_view() : std::string_view(*service);
}

} // namespace twtrace
