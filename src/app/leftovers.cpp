#include "app/leftovers.h"

#include <algorithm>

#include "model/tcp_state.h"

namespace twtrace::doctor {

void LeftoverCount::add(const TcpSocket& socket, std::uint32_t netns) {
    if (!socket.minisock || socket.remaining_ms + observed_ms_ > time_wait_ms)
        return;
    ++count_.sockets;
    count_.last_ends_in_ms = std::max(count_.last_ends_in_ms, socket.remaining_ms);
    if (const std::string service = owners_.service_of(socket, netns); !service.empty())
        ++count_.by_service[service];
}

} // namespace twtrace::doctor
