#include "doctor/port_counter.h"

#include <algorithm>

#include "aggregate/key.h"

namespace twtrace::doctor {

namespace {

constexpr std::uint32_t time_wait_ms = 60'000; // TCP_TIMEWAIT_LEN, compiled in

} // namespace

double port_hold_s(const NetSettings& settings, const Address& local, const Address& remote) {
    if (!reuse_applies(settings, local, remote))
        return time_wait_ms / 1000.0;
    return static_cast<double>(reuse_delay_ms(settings)) / 1000;
}

std::size_t PortCounter::KeyHash::operator()(const Key& key) const {
    return hash_of(key.remote, hash_of(key.local, key.port));
}

void PortCounter::add(const TcpSocket& socket) {
    if (socket.state == TcpState::Listen || !settings_.ephemeral.contains(socket.local_port) ||
        settings_.reserved.contains(socket.local_port) || listeners_.contains(socket.local_port) ||
        socket.remote_port == 0)
        return;
    ++sockets_;
    if (!local_ports_.contains(socket.local_port)) {
        local_ports_.insert(socket.local_port);
        ++distinct_;
    }
    const Key key{socket.local, socket.remote, socket.remote_port};
    auto found = uses_.find(key);
    if (found == uses_.end()) {
        if (uses_.size() >= limit_) {
            ++beyond_;
            return;
        }
        PortUse use;
        use.local = key.local;
        use.remote = key.remote;
        use.port = key.port;
        found = uses_.emplace(key, use).first;
    }
    PortUse& use = found->second;
    if (!socket.minisock) {
        ++use.open;
        return;
    }
    ++use.time_wait;
    const std::uint64_t delay = reuse_delay_ms(settings_);
    const std::uint32_t age = time_wait_ms - std::min(time_wait_ms, socket.remaining_ms);
    if (socket.state == TcpState::TimeWait && age >= delay &&
        reuse_applies(settings_, socket.local, socket.remote))
        ++use.reusable;
}

std::vector<PortUse> PortCounter::most_used(std::size_t count, const PortCounter* before) const {
    std::vector<PortUse> all;
    all.reserve(uses_.size());
    for (const auto& [key, use] : uses_)
        all.push_back(use);
    count = std::min(count, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                      [](const PortUse& a, const PortUse& b) { return a.taken() > b.taken(); });
    all.resize(count);
    for (PortUse& use : all) {
        if (before == nullptr)
            continue;
        const auto found = before->uses_.find({use.local, use.remote, use.port});
        use.held_before = found == before->uses_.end() ? 0 : found->second.held();
    }
    return all;
}

} // namespace twtrace::doctor
