#include "attribute/host_services.h"

#include <algorithm>
#include <utility>

#include "model/loopback.h"

namespace twtrace {

void HostServices::add(std::uint32_t netns, Space space) {
    for (const Address& address : space.addresses)
        by_address_[address].push_back(netns);
    spaces_[netns] = std::move(space);
}

// 0: not on this host, or several namespaces have the address.
std::uint32_t HostServices::space_of(const Event& event) const {
    if (is_loopback(event.remote) || event.remote == event.local)
        return event.netns;
    const auto found = by_address_.find(event.remote);
    if (found == by_address_.end())
        return 0;
    const auto& spaces = found->second;
    if (std::find(spaces.begin(), spaces.end(), event.netns) != spaces.end())
        return event.netns;
    return spaces.size() == 1 ? spaces.front() : 0;
}

std::string_view HostServices::find(const Event& event) const {
    const auto found = spaces_.find(space_of(event));
    if (event.remote.family == 0 || found == spaces_.end())
        return {};
    const Space& space = found->second;
    if (event.role != Role::Server) {
        const std::uint32_t inode = space.listeners.find(event.remote, event.remote_port);
        const auto service = space.services.find(inode);
        if (inode != 0 && service != space.services.end())
            return service->second;
    }
    return found->first == event.netns ? std::string_view() : std::string_view(space.owner);
}

void HostServicesBox::put(std::shared_ptr<const HostServices> services) {
    {
        const std::lock_guard lock(mutex_);
        services_ = std::move(services);
    }
    version_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const HostServices> HostServicesBox::get() const {
    const std::lock_guard lock(mutex_);
    return services_;
}

} // namespace twtrace
