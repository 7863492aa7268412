#include "app/replayed_leftovers.h"

#include <algorithm>

#include "app/wall_time.h"
#include "model/socket_key.h"
#include "model/tcp_state.h"

namespace twtrace {

namespace {

constexpr std::uint64_t time_wait_ns = std::uint64_t{time_wait_ms} * 1'000'000;

std::uint64_t key_of(const Event& event) {
    return socket_key(event, 0);
}

std::uint64_t key_of(const PresentSocket& socket) {
    Event event;
    event.netns = socket.netns;
    event.local = socket.local;
    event.remote = socket.remote;
    event.local_port = socket.local_port;
    event.remote_port = socket.remote_port;
    return key_of(event);
}

} // namespace

Result<ReplayedLeftovers> ReplayedLeftovers::before(const Replay& replay, const Options& options) {
    ReplayedLeftovers leftovers;
    const std::uint64_t begin_wall_ns = replay.start_wall_ns();
    const auto end = wall_time_in(replay.recording(), options.end);
    if (!end)
        return tl::unexpected(end.error());
    std::uint64_t end_wall_ns = *end != 0 ? *end : replay.recording().end_wall_ns();
    if (options.duration.count() > 0)
        end_wall_ns = std::min(
            end_wall_ns, begin_wall_ns + static_cast<std::uint64_t>(
                                             std::chrono::nanoseconds(options.duration).count()));
    const std::uint64_t since_wall_ns = end_wall_ns - std::min(end_wall_ns, time_wait_ns);
    if (since_wall_ns < begin_wall_ns && replay.recording().begin_wall_ns() < begin_wall_ns) {
        auto recording = Recording::open(options.from);
        if (!recording)
            return tl::unexpected(recording.error());
        const Filter everything;
        auto earlier =
            Replay::open(*std::move(recording), everything, since_wall_ns, begin_wall_ns);
        if (!earlier)
            return tl::unexpected(earlier.error());
        leftovers.add(**earlier);
        while ((*earlier)->step(leftovers)) {
        }
        leftovers.add(**earlier); // those of a run that began meanwhile
    }
    leftovers.add(replay);
    leftovers.in_span_ = true;
    return leftovers;
}

// Adds those that the recorder found. The owner is known if an earlier run saw the close.
void ReplayedLeftovers::add(const Replay& replay) {
    const std::uint64_t at_wall_ns = replay.wall_of(replay.present_at_ns());
    for (const PresentSocket& socket : replay.present())
        if (const std::uint64_t key = key_of(socket); !sockets_.contains(key))
            add(key, at_wall_ns + std::uint64_t{socket.remaining_ms} * 1'000'000, socket.service);
}

void ReplayedLeftovers::add(std::uint64_t key, std::uint64_t until_wall_ns,
                            std::string_view service) {
    if (sockets_.size() >= max_sockets)
        return;
    const std::string* name = nullptr;
    if (!service.empty()) {
        auto known = services_.find(service);
        if (known == services_.end())
            known = services_.emplace(service).first;
        name = &*known;
    }
    sockets_[key] = {until_wall_ns, name};
}

void ReplayedLeftovers::event(const Event& event) {
    const bool enters = event.type == EventType::TimeWait;
    if (!enters && event.type != EventType::TimeWaitEnd && !event.retracts)
        return;
    if (!enters || in_span_) {
        if (!sockets_.empty())
            sockets_.erase(key_of(event));
        return;
    }
    add(key_of(event), event.wall_ns + time_wait_ns, event.service());
}

doctor::Leftovers ReplayedLeftovers::at(std::uint64_t end_wall_ns) const {
    doctor::Leftovers count;
    for (const auto& [key, socket] : sockets_) {
        if (socket.until_wall_ns <= end_wall_ns)
            continue;
        ++count.sockets;
        const std::uint64_t left_ms = (socket.until_wall_ns - end_wall_ns) / 1'000'000;
        count.last_ends_in_ms =
            std::max(count.last_ends_in_ms, static_cast<std::uint32_t>(left_ms));
        if (socket.service != nullptr)
            ++count.by_service[*socket.service];
    }
    return count;
}

} // namespace twtrace
