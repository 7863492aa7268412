#include "app/inherited_sockets.h"

#include <spdlog/spdlog.h>

#include "account/open_namespaces.h"
#include "model/timestamp.h"

namespace twtrace {

namespace {

constexpr std::uint32_t time_wait_ms = 60'000; // TCP_TIMEWAIT_LEN

FlowKey destination_of(const TcpSocket& socket, std::uint32_t netns) {
    FlowKey key;
    key.netns = netns;
    key.role = Role::Client;
    key.service_port = socket.remote_port;
    key.local = socket.local;
    key.remote = socket.remote;
    return key;
}

Result<void> look_into(OpenNamespace& space, std::uint64_t trace_start_ns, Inherited& inherited) {
    if (space.counts && space.counts->time_wait == 0)
        return {};
    PortSet listening;
    auto listed = space.sockets.dump(mask_of(TcpState::Listen), [&](const TcpSocket& socket) {
        listening.insert(socket.local_port);
        return true;
    });
    if (!listed)
        return listed;
    const std::uint64_t traced_ms = (monotonic_now_ns() - trace_start_ns) / 1'000'000;
    return space.sockets.dump(
        mask_of(TcpState::TimeWait) | mask_of(TcpState::FinWait2), [&](const TcpSocket& socket) {
            const bool is_client = socket.minisock && !listening.contains(socket.local_port) &&
                                   space.settings.ephemeral.contains(socket.local_port);
            if (is_client && socket.remaining_ms + traced_ms <= time_wait_ms)
                inherited.add(destination_of(socket, space.inode), socket.remaining_ms);
            return true;
        });
}

} // namespace

Inherited inherited_sockets(const std::vector<std::uint32_t>& chosen,
                            std::uint64_t trace_start_ns) {
    Inherited inherited(monotonic_now_ns());
    auto spaces = open_namespaces(chosen);
    if (!spaces) {
        spdlog::info("sockets older than the trace are not known: {}", spaces.error().message);
        return inherited;
    }
    for (OpenNamespace& space : *spaces)
        if (auto looked = look_into(space, trace_start_ns, inherited); !looked)
            spdlog::info("network namespace {}: {}", space.inode, looked.error().message);
    return inherited;
}

} // namespace twtrace
