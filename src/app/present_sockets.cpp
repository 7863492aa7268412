#include "app/present_sockets.h"

#include <spdlog/spdlog.h>

#include "account/open_namespaces.h"
#include "model/timestamp.h"

namespace twtrace {

namespace {

constexpr std::uint32_t time_wait_ms = 60'000; // TCP_TIMEWAIT_LEN
constexpr std::size_t most = 100'000;

Role role_of(const TcpSocket& socket, const PortSet& listening, const NetSettings& settings) {
    if (listening.contains(socket.local_port))
        return Role::Server;
    return settings.ephemeral.contains(socket.local_port) ? Role::Client : Role::Unknown;
}

Result<void> add_from(OpenNamespace& space, std::uint64_t start_ns,
                      std::vector<PresentSocket>& sockets) {
    if (space.is_empty() || (space.counts && space.counts->time_wait == 0))
        return {};
    PortSet listening;
    auto listed = space.sockets.dump(mask_of(TcpState::Listen), [&](const TcpSocket& socket) {
        listening.insert(socket.local_port);
        return true;
    });
    if (!listed)
        return listed;
    const std::uint64_t traced_ms = (monotonic_now_ns() - start_ns) / 1'000'000;
    return space.sockets.dump(
        mask_of(TcpState::TimeWait) | mask_of(TcpState::FinWait2), [&](const TcpSocket& socket) {
            if (!socket.minisock || socket.remaining_ms + traced_ms > time_wait_ms)
                return true;
            PresentSocket& present = sockets.emplace_back();
            present.netns = space.inode;
            present.local = socket.local;
            present.remote = socket.remote;
            present.local_port = socket.local_port;
            present.remote_port = socket.remote_port;
            present.fin_wait2 = socket.state == TcpState::FinWait2;
            present.role = role_of(socket, listening, space.settings);
            present.remaining_ms = socket.remaining_ms;
            return sockets.size() < most;
        });
}

} // namespace

std::vector<PresentSocket> present_sockets(const std::vector<std::uint32_t>& chosen,
                                           std::uint64_t start_ns) {
    std::vector<PresentSocket> sockets;
    auto spaces = open_namespaces(chosen);
    if (!spaces) {
        spdlog::info("sockets older than the recording are not known: {}", spaces.error().message);
        return sockets;
    }
    for (OpenNamespace& space : *spaces)
        if (auto added = add_from(space, start_ns, sockets); !added)
            spdlog::info("network namespace {}: {}", space.inode, added.error().message);
    return sockets;
}

} // namespace twtrace
