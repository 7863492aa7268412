// `twtrace list --from`: the sockets that were in TIME_WAIT at a given time of a recording.
#include <map>
#include <unistd.h>
#include <utility>

#include "app/commands.h"
#include "app/replay.h"
#include "sink/line_sink.h"
#include "sink/output.h"
#include "sink/socket_totals.h"

namespace twtrace {

namespace {

constexpr std::uint64_t time_wait_ns = std::uint64_t{time_wait_ms} * 1'000'000;

struct SocketKey {
    std::uint32_t netns;
    Address local;
    std::uint16_t local_port;
    Address remote;
    std::uint16_t remote_port;
    auto operator<=>(const SocketKey&) const = default;
};

SocketKey key_of(const Event& event) {
    return {event.netns, event.local, event.local_port, event.remote, event.remote_port};
}

// Owners are copied, because events point into the recording's present block.
struct Held {
    Event event;
    Owner owner;
    bool has_owner = false;
    std::uint64_t until_ns = 0;
    OwnerSource source = OwnerSource::None;
};

class HeldSockets : public EventConsumer {
  public:
    HeldSockets(const Replay& replay, std::uint64_t at_wall_ns)
        : replay_(replay), at_wall_ns_(at_wall_ns) {}

    void event(const Event& event) override {
        // A later socket may have the same addresses and ports as one that existed then.
        if (replay_.wall_of(event.time_ns) > at_wall_ns_)
            return;
        if (event.type == EventType::TimeWaitEnd || event.retracts) {
            held_.erase(key_of(event));
            return;
        }
        if (event.type != EventType::TimeWait && event.type != EventType::TimeWaitStart)
            return;
        Held& held = held_[key_of(event)];
        held.event = event;
        held.has_owner = event.owner != nullptr;
        held.owner = held.has_owner ? *event.owner : Owner();
        held.until_ns = event.time_ns + time_wait_ns;
        held.source = event.task.known() ? OwnerSource::Seen : OwnerSource::None;
    }
    void counted(const Event& /*event*/, std::uint64_t /*times*/) override {}

    void add(const PresentSocket& socket, std::uint64_t at_ns) {
        Held held;
        held.has_owner = !socket.service.empty();
        held.owner.service = socket.service;
        held.event.netns = socket.netns;
        held.event.local = socket.local;
        held.event.remote = socket.remote;
        held.event.local_port = socket.local_port;
        held.event.remote_port = socket.remote_port;
        held.event.stage = socket.fin_wait2 ? Stage::FinWait2 : Stage::TimeWait;
        held.event.role = socket.role;
        held.event.role_inferred = socket.role != Role::Unknown;
        held.until_ns = at_ns + std::uint64_t{socket.remaining_ms} * 1'000'000;
        held.source = socket.service.empty() ? OwnerSource::None : OwnerSource::Seen;
        held_.try_emplace(key_of(held.event), std::move(held));
    }

    void forget_until(std::uint64_t now_ns) {
        std::erase_if(held_, [&](const auto& one) { return one.second.until_ns <= now_ns; });
    }
    std::map<SocketKey, Held>& all() { return held_; }

  private:
    const Replay& replay_;
    std::uint64_t at_wall_ns_;
    std::map<SocketKey, Held> held_;
};

} // namespace

Result<void> run_list_recording(const Options& options) {
    auto recording = Recording::open(options.from);
    if (!recording)
        return tl::unexpected(recording.error());
    const auto at = wall_time_in(*recording, options.at);
    if (!at)
        return in_context("--at", at.error());
    const std::uint64_t at_wall_ns = *at != 0 ? *at : recording->end_wall_ns();
    const Filter everything;
    auto replay = Replay::open(*std::move(recording), everything,
                               at_wall_ns - std::min(at_wall_ns, 2 * time_wait_ns), 0);
    if (!replay)
        return tl::unexpected(replay.error());
    HeldSockets sockets(**replay, at_wall_ns);
    for (const PresentSocket& socket : (*replay)->present())
        sockets.add(socket, (*replay)->present_at_ns());
    while ((*replay)->wall_of((*replay)->now_ns()) < at_wall_ns && (*replay)->step(sockets)) {
    }
    const std::uint64_t now_ns = at_wall_ns - (*replay)->wall_of(0);
    sockets.forget_until(now_ns);
    SocketSink sink(options.format, options.wide);
    Output output(STDOUT_FILENO);
    sink.header(output.buffer());
    std::uint64_t lines = 0;
    for (auto& [key, held] : sockets.all()) {
        TimeWaitSocket row;
        row.event = held.event;
        row.event.owner = held.has_owner ? &held.owner : nullptr;
        row.event.netns_name = {};
        row.owner_source = held.source;
        row.remaining_ms = static_cast<std::uint32_t>((held.until_ns - now_ns) / 1'000'000);
        if (!options.filter.passes(row.event))
            continue;
        if (options.count > 0 && lines++ == options.count)
            break;
        sink.line(row, output.buffer());
        if (auto written = output.flush_if_large(); !written || output.reader_gone())
            return written;
    }
    return output.flush();
}

} // namespace twtrace
