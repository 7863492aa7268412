#include "doctor/port_counter.h"

#include <algorithm>

#include "aggregate/key.h"
#include "model/tcp_state.h"

namespace twtrace::doctor {

namespace {

HeldPort held_by(const TcpSocket& socket, std::uint64_t now_ns) {
    HeldPort held;
    held.port = socket.local_port;
    held.since_ns = now_ns;
    if (!socket.minisock) {
        held.holder = PortHolder::Open;
    } else if (socket.state == TcpState::FinWait2) {
        held.holder = PortHolder::FinWait2;
    } else {
        const std::uint64_t age_ms = time_wait_ms - std::min(time_wait_ms, socket.remaining_ms);
        held.since_ns -= std::min(now_ns, age_ms * 1'000'000);
    }
    return held;
}

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
    if (socket.state == TcpState::Listen || socket.local_port == 0 || socket.remote_port == 0 ||
        !rules_.is_ephemeral(socket.local_port) || listeners_.contains(socket.local_port))
        return;
    count_local(socket);
    const Key key{socket.local, socket.remote, socket.remote_port};
    auto found = uses_.find(key);
    if (found == uses_.end()) {
        if (uses_.size() >= limit_) {
            ++beyond_;
            return;
        }
        found = uses_.try_emplace(key).first;
    }
    const HeldPort held = held_by(socket, now_ns_);
    found->second.ports.add(held);
    found->second.fin_wait2 += held.holder == PortHolder::FinWait2 ? 1 : 0;
}

void PortCounter::count_local(const TcpSocket& socket) {
    auto found = by_local_.find(socket.local);
    if (found == by_local_.end()) {
        if (by_local_.size() >= max_addresses)
            return;
        found = by_local_.try_emplace(socket.local).first;
    }
    LocalPorts& local = found->second;
    ++local.sockets;
    local.distinct += local.ports.contains(socket.local_port) ? 0 : 1;
    local.ports.insert(socket.local_port);
}

std::vector<AddressPorts> PortCounter::most_used_addresses(std::size_t count) const {
    std::vector<AddressPorts> all;
    for (const auto& [local, ports] : by_local_)
        all.push_back({local, ports.distinct, ports.sockets});
    std::stable_sort(all.begin(), all.end(), [](const AddressPorts& a, const AddressPorts& b) {
        return a.distinct > b.distinct;
    });
    all.resize(std::min(count, all.size()));
    return all;
}

PortUse PortCounter::use_of(const Key& key, const Held& held) const {
    const PortCount count = held.ports.count(now_ns_, rules_, key.local, key.remote);
    PortUse use;
    use.local = key.local;
    use.remote = key.remote;
    use.port = key.port;
    use.open = static_cast<std::uint32_t>(count.open);
    use.time_wait = static_cast<std::uint32_t>(count.taken) - use.open;
    use.fin_wait2 = held.fin_wait2;
    use.reusable = static_cast<std::uint32_t>(count.reusable);
    return use;
}

std::vector<PortUse> PortCounter::most_used(std::size_t count, const PortCounter* before,
                                            const LastFailure& last_failure) const {
    std::vector<PortUse> all;
    all.reserve(uses_.size());
    for (const auto& [key, held] : uses_)
        all.push_back(use_of(key, held));
    count = std::min(count, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                      [](const PortUse& a, const PortUse& b) { return a.taken() > b.taken(); });
    all.resize(count);
    for (PortUse& use : all) {
        const Key key{use.local, use.remote, use.port};
        if (const std::uint64_t at_ns = last_failure ? last_failure(use) : 0; at_ns != 0)
            use.passed_over = static_cast<std::uint32_t>(
                uses_.at(key).ports.count(at_ns, rules_, key.local, key.remote).reusable);
        if (before == nullptr)
            continue;
        const auto found = before->uses_.find(key);
        if (found == before->uses_.end())
            continue;
        const PortUse then = before->use_of(key, found->second);
        use.held_before = then.held();
        use.taken_before = then.taken();
    }
    return all;
}

} // namespace twtrace::doctor
