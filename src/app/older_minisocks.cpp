#include "app/older_minisocks.h"

#include <spdlog/spdlog.h>

#include "model/timestamp.h"

namespace twtrace {

namespace {

Result<void> walk(OpenNamespace& space, std::uint64_t since_ns, const MinisockVisitor& visit) {
    if (space.is_empty() || (space.counts && space.counts->time_wait == 0))
        return {};
    PortSet listening;
    auto listed = space.sockets.dump(mask_of(TcpState::Listen), [&](const TcpSocket& socket) {
        listening.insert(socket.local_port);
        return true;
    });
    if (!listed)
        return listed;
    const std::uint64_t passed_ms = (monotonic_now_ns() - since_ns) / 1'000'000;
    return space.sockets.dump(
        mask_of(TcpState::TimeWait) | mask_of(TcpState::FinWait2), [&](const TcpSocket& socket) {
            if (!socket.minisock || socket.remaining_ms + passed_ms > time_wait_ms)
                return true;
            return visit(space, socket, listening.contains(socket.local_port));
        });
}

} // namespace

void each_older_minisock(const std::vector<std::uint32_t>& chosen, std::uint64_t since_ns,
                         std::string_view what, const MinisockVisitor& visit) {
    auto spaces = open_namespaces(chosen);
    if (!spaces) {
        spdlog::info("sockets older than the {} are not known: {}", what, spaces.error().message);
        return;
    }
    for (OpenNamespace& space : *spaces)
        if (auto walked = walk(space, since_ns, visit); !walked)
            spdlog::info("network namespace {}: {}", space.inode, walked.error().message);
}

} // namespace twtrace
