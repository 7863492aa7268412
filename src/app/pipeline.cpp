#include "app/pipeline.h"

#include <utility>

#include "decode/decode.h"
#include "model/timestamp.h"

namespace twtrace {

void Pipeline::record(std::span<const std::byte> bytes) {
    auto event = decode_event(bytes);
    if (!event) {
        if (const auto cgroup = decode_cgroup(bytes))
            attributor_.learn_cgroup(cgroup->id, cgroup->path);
        else if (const auto netns = decode_netns(bytes))
            counts_.announce(netns->id, netns->pid);
        else
            ++malformed_;
        return;
    }
    attributor_.prepare(*event);
    window_.push(*event, drained_until_ns_, [this](Event& settled) { pass(settled); });
}

void Pipeline::tick() {
    // All records that were in the ring when the last batch began have been read: retractions up to
    // then have arrived, however late this process is scheduled.
    drained_until_ns_ = std::exchange(batch_began_ns_, monotonic_now_ns());
    to_wall_ns_ = wall_minus_monotonic_ns();
    window_.release(drained_until_ns_, [this](Event& settled) { pass(settled); });
}

void Pipeline::finish() {
    window_.release_all([this](Event& settled) { pass(settled); });
}

EventTimes Pipeline::held_times() const {
    EventTimes times;
    for (const Event& event : held_)
        if (event.type == EventType::TimeWait)
            times[event.netns].push_back(event.time_ns);
    return times;
}

void Pipeline::release(const CounterTimes& read_at, std::uint64_t otherwise_ns, Side side) {
    holding_ = false;
    std::vector<Event> held = std::exchange(held_, {});
    for (Event& event : held) {
        const auto found = read_at.find(event.netns);
        const std::uint64_t read_ns = found == read_at.end() ? otherwise_ns : found->second;
        if ((event.time_ns > read_ns) == (side == Side::After))
            pass(event);
    }
}

void Pipeline::pass(Event& event) {
    if (holding_) {
        held_.push_back(event);
        return;
    }
    event.wall_ns =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(event.time_ns) + to_wall_ns_);
    const bool is_entry = event.type == EventType::TimeWait;
    captured_ += is_entry ? 1 : 0;
    after_checkpoint_ += is_entry && event.time_ns > checkpoint_ns_ ? 1 : 0;
    captured_ -= event.retracts && captured_ > 0 ? 1 : 0;
    if (is_entry)
        counts_.count_entry(event.netns_id(), event.time_ns);
    else if (event.retracts)
        counts_.uncount_entry(event.netns_id());
    if (owners_ != nullptr)
        if (auto earlier = owners_->follow(event))
            deliver(*earlier);
    deliver(event);
}

void Pipeline::deliver(Event& event) {
    attributor_.attribute(event);
    if (filter_.passes(event))
        consumer_.event(event);
    else
        filtered_ += event.type == EventType::TimeWait ? 1 : 0;
}

} // namespace twtrace
