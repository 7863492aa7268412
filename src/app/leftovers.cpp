#include "app/leftovers.h"

#include <algorithm>

#include "model/tcp_state.h"
#include "model/timestamp.h"

namespace twtrace::doctor {

LeftoverCount::LeftoverCount(std::uint64_t looked_ms)
    : looked_ms_(looked_ms), journal_(JournalReader::read(monotonic_now_ns())) {}

void LeftoverCount::add(const TcpSocket& socket, std::uint32_t netns) {
    if (!socket.minisock || socket.remaining_ms + looked_ms_ > time_wait_ms)
        return;
    ++count_.sockets;
    count_.last_ends_in_ms = std::max(count_.last_ends_in_ms, socket.remaining_ms);
    Event event;
    event.netns = netns;
    event.local = socket.local;
    event.remote = socket.remote;
    event.local_port = socket.local_port;
    event.remote_port = socket.remote_port;
    if (!journal_.recall(event)) // no tracer with --journal saw it
        return;
    attributor_.attribute(event);
    if (event.owner != nullptr && !event.owner->service.empty())
        ++count_.by_service[event.owner->service];
}

} // namespace twtrace::doctor
