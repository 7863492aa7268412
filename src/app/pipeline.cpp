#include "app/pipeline.h"

#include "decode/decode.h"
#include "model/timestamp.h"

namespace twtrace {

void Pipeline::record(std::span<const std::byte> bytes) {
    const auto event = decode_event(bytes);
    if (!event) {
        ++malformed_;
        return;
    }
    settle_.push(*event, now_ns_, [this](const Event& settled) { pass(settled); });
}

void Pipeline::tick() {
    now_ns_ = monotonic_now_ns();
    to_wall_ns_ = wall_minus_monotonic_ns();
    settle_.release(now_ns_, [this](const Event& settled) { pass(settled); });
}

void Pipeline::finish() {
    settle_.release_all([this](const Event& settled) { pass(settled); });
}

void Pipeline::pass(const Event& settled) {
    Event event = settled;
    event.wall_ns =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(event.time_ns) + to_wall_ns_);
    const bool counts = event.type == EventType::TimeWait;
    captured_ += counts ? 1 : 0;
    captured_ -= event.retracts ? 1 : 0;
    attributor_.attribute(event);
    if (filter_.passes(event))
        consumer_.event(event);
    else
        filtered_ += counts ? 1 : 0;
}

} // namespace twtrace
