#include "attribute/listeners.h"

#include <algorithm>

#include "attribute/socket_holders.h"

namespace twtrace {

namespace {

bool is_wildcard(const Address& address) {
    return std::all_of(address.bytes.begin(), address.bytes.end(),
                       [](std::uint8_t byte) { return byte == 0; });
}

// How specific the match with a listener's address is; 0: no match.
int fit(const Address& listener, const Address& local) {
    if (listener == local)
        return 3;
    if (!is_wildcard(listener))
        return 0;
    if (listener.family == local.family)
        return 2;
    return listener.family == 6 ? 1 : 0;
}

} // namespace

void ListenerTable::add(const TcpSocket& listener) {
    ++size_;
    ports_.insert(listener.local_port);
    by_port_[listener.local_port].push_back({listener.local, listener.inode});
}

std::uint32_t ListenerTable::find(const Address& local, std::uint16_t port) const {
    if (!ports_.contains(port))
        return 0;
    int best = 0;
    std::uint32_t inode = 0;
    for (const Listener& listener : by_port_.at(port)) {
        const int fits = fit(listener.local, local);
        if (fits > best) {
            best = fits;
            inode = listener.inode;
        }
    }
    return inode;
}

void ListenerTable::append_inodes(std::vector<std::uint32_t>& inodes) const {
    for (const auto& [port, listeners] : by_port_)
        for (const Listener& listener : listeners)
            inodes.push_back(listener.inode);
}

const ListenerOwners::Process* ListenerOwners::find(std::uint32_t inode) {
    if (!searched_)
        search();
    const auto found = processes_.find(inode);
    return found == processes_.end() ? nullptr : &found->second;
}

void ListenerOwners::search() {
    searched_ = true;
    const HolderSearch found = find_socket_holders(inodes_);
    complete_ = found.complete;
    Attributor attributor(AttributeOptions{.root = root_});
    for (const auto& [inode, task] : found.holders) {
        Event event;
        event.task = task;
        attributor.attribute(event);
        processes_.emplace(inode, Process{task, *event.owner});
    }
}

} // namespace twtrace
