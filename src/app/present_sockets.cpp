#include "app/present_sockets.h"

#include "app/journaled_owner.h"
#include "app/older_minisocks.h"

namespace twtrace {

namespace {

constexpr std::size_t max_sockets = 100'000;

Role role_of(const TcpSocket& socket, bool listened, const NetSettings& settings) {
    if (listened)
        return Role::Server;
    return settings.ephemeral.contains(socket.local_port) ? Role::Client : Role::Unknown;
}

} // namespace

std::vector<PresentSocket> present_sockets(const std::vector<std::uint32_t>& chosen,
                                           std::uint64_t start_ns) {
    std::vector<PresentSocket> sockets;
    JournaledOwner owners;
    each_older_minisock(chosen, start_ns, "recording",
                        [&](const OpenNamespace& space, const TcpSocket& socket, bool listened) {
                            if (sockets.size() == max_sockets)
                                return false;
                            PresentSocket& present = sockets.emplace_back();
                            present.netns = space.inode;
                            present.local = socket.local;
                            present.remote = socket.remote;
                            present.local_port = socket.local_port;
                            present.remote_port = socket.remote_port;
                            present.fin_wait2 = socket.state == TcpState::FinWait2;
                            present.role = role_of(socket, listened, space.settings);
                            present.remaining_ms = socket.remaining_ms;
                            present.service = owners.service_of(socket, space.inode);
                            return true;
                        });
    return sockets;
}

} // namespace twtrace
