// The state of the host in a recording.
#include "app/replay.h"

#include <algorithm>

#include "app/replayed_namespaces.h"
#include "model/tcp_state.h"

namespace twtrace {

namespace {

constexpr std::size_t max_present = 100'000; // the most that a recorder writes

} // namespace

void Replay::netns(const NamespaceRecord& record) {
    netns_[record.inode].record = record;
}

void Replay::sockets(const std::vector<PresentSocket>& sockets) {
    const std::size_t free = max_present - std::min(max_present, present_.size());
    const auto count = static_cast<std::ptrdiff_t>(std::min(free, sockets.size()));
    present_.insert(present_.end(), sockets.begin(), sockets.begin() + count);
}

void Replay::ports(const PortsRecord& record) {
    netns_[record.netns].ports = record;
}

void Replay::conntrack(const ConntrackRecord& record) {
    netns_[record.netns].conntrack = record.counts;
}

std::optional<EventSource::EndsLosses> Replay::ends_losses() const {
    if (!run_.ends)
        return std::nullopt;
    return EndsLosses{sample_.ends_lost, sample_.ends_untracked};
}

std::unique_ptr<NamespaceViews> Replay::namespaces(const std::vector<std::uint32_t>& chosen) const {
    return std::make_unique<ReplayedNamespaces>(*this, chosen);
}

Inherited Replay::inherited(const std::vector<std::uint32_t>& chosen, std::uint64_t at_ns,
                            Flows& flows) const {
    Inherited inherited(at_ns);
    const std::uint64_t passed_ms = (at_ns - std::min(at_ns, present_at_ns_)) / 1'000'000;
    for (const PresentSocket& socket : present_) {
        const bool is_chosen =
            chosen.empty() || std::find(chosen.begin(), chosen.end(), socket.netns) != chosen.end();
        if (socket.role != Role::Client || !is_chosen || socket.remaining_ms <= passed_ms)
            continue;
        const std::uint64_t left_ms = socket.remaining_ms - passed_ms;
        inherited.add(socket.netns, static_cast<std::uint32_t>(left_ms));
        HeldPort held;
        held.port = socket.local_port;
        held.holder = socket.fin_wait2 ? PortHolder::FinWait2 : PortHolder::TimeWait;
        held.since_ns =
            at_ns -
            std::min(at_ns,
                     (time_wait_ms - std::min<std::uint64_t>(time_wait_ms, left_ms)) * 1'000'000);
        flows.inherit({socket.netns, socket.remote, socket.remote_port, socket.local}, held);
    }
    return inherited;
}

void Replay::note_netns(const Event& event) {
    constexpr std::size_t max_namespaces = 1000;
    if (event.role != Role::Client || event.netns == last_netns_)
        return;
    last_netns_ = event.netns;
    if (client_netns_.size() < max_namespaces)
        client_netns_.insert(event.netns);
}

} // namespace twtrace
