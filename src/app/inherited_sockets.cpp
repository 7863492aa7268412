#include "app/inherited_sockets.h"

#include <spdlog/spdlog.h>

#include "account/open_namespaces.h"
#include "model/timestamp.h"

namespace twtrace {

namespace {

constexpr std::uint32_t time_wait_ms = 60'000; // TCP_TIMEWAIT_LEN

void inherit(const TcpSocket& socket, std::uint32_t netns, std::uint64_t now_ns, Flows& flows) {
    HeldPort held;
    held.port = socket.local_port;
    held.since_ns = now_ns;
    if (socket.state == TcpState::TimeWait)
        held.since_ns -= std::uint64_t{time_wait_ms - socket.remaining_ms} * 1'000'000;
    else
        held.holder = PortHolder::FinWait2;
    flows.inherit({netns, socket.remote, socket.remote_port, socket.local}, held);
}

Result<void> look_into(OpenNamespace& space, std::uint64_t trace_start_ns, Inherited& inherited,
                       Flows& flows) {
    if (space.counts && space.counts->time_wait == 0)
        return {};
    PortSet listening;
    auto listed = space.sockets.dump(mask_of(TcpState::Listen), [&](const TcpSocket& socket) {
        listening.insert(socket.local_port);
        return true;
    });
    if (!listed)
        return listed;
    const PortRules rules = port_rules_of(space.settings);
    const std::uint64_t now_ns = monotonic_now_ns();
    const std::uint64_t traced_ms = (now_ns - trace_start_ns) / 1'000'000;
    return space.sockets.dump(
        mask_of(TcpState::TimeWait) | mask_of(TcpState::FinWait2), [&](const TcpSocket& socket) {
            const bool is_client = socket.minisock && !listening.contains(socket.local_port) &&
                                   rules.is_ephemeral(socket.local_port);
            if (!is_client || socket.remaining_ms + traced_ms > time_wait_ms)
                return true;
            inherited.add(space.inode, socket.remaining_ms);
            inherit(socket, space.inode, now_ns, flows);
            return true;
        });
}

} // namespace

Inherited inherited_sockets(const std::vector<std::uint32_t>& chosen, std::uint64_t trace_start_ns,
                            Flows& flows) {
    Inherited inherited(monotonic_now_ns());
    auto spaces = open_namespaces(chosen);
    if (!spaces) {
        spdlog::info("sockets older than the trace are not known: {}", spaces.error().message);
        return inherited;
    }
    for (OpenNamespace& space : *spaces)
        if (auto looked = look_into(space, trace_start_ns, inherited, flows); !looked)
            spdlog::info("network namespace {}: {}", space.inode, looked.error().message);
    return inherited;
}

} // namespace twtrace
