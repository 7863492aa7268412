#include "app/inherited_sockets.h"

#include <utility>

#include "app/older_minisocks.h"
#include "model/timestamp.h"

namespace twtrace {

namespace {

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

} // namespace

Inherited inherited_sockets(const std::vector<std::uint32_t>& chosen, std::uint64_t trace_start_ns,
                            Flows& flows) {
    const std::uint64_t now_ns = monotonic_now_ns();
    Inherited inherited(now_ns);
    std::uint32_t netns = 0; // the namespace of these rules
    PortRules rules;
    each_older_minisock(chosen, trace_start_ns, "trace",
                        [&](const OpenNamespace& space, const TcpSocket& socket, bool listened) {
                            if (std::exchange(netns, space.inode) != space.inode)
                                rules = port_rules_of(space.settings);
                            if (listened || !rules.is_ephemeral(socket.local_port))
                                return true;
                            inherited.add(space.inode, socket.remaining_ms);
                            inherit(socket, space.inode, now_ns, flows);
                            return true;
                        });
    return inherited;
}

} // namespace twtrace
