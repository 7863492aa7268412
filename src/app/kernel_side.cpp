#include "app/kernel_side.h"

#include <spdlog/spdlog.h>

#include "decode/overflow.h"

namespace twtrace {

namespace {

constexpr std::size_t bytes_a_record = sizeof(twtrace_event) + 8; // the ring adds a header

} // namespace

std::size_t KernelSide::read(RecordHandler& handler) {
    const std::size_t records = source_.drain(handler);
    read_every_ = time_between_reads(read_every_, records * bytes_a_record, ring_bytes_);
    return records;
}

bool KernelSide::may_sleep(bool quiet) {
    const ReadSchedule::Step step = schedule_.after(quiet);
    if (step == ReadSchedule::Step::Ask)
        source_.ask_for_wake_up();
    return step == ReadSchedule::Step::Sleep;
}

void KernelSide::pass_counted(const Filter& filter, const KernelCounts& counts,
                              Attributor& attributor, EventConsumer& consumer) {
    for (const OverflowCount& entry : source_.take_counted()) {
        Event event = event_of(entry.key);
        event.netns_mix = counts.latest_mix(event.netns);
        attributor.attribute(event);
        // The gate has filtered them by the socket's fields. These counts have no ephemeral port
        // left to compare.
        if (filter.passes_owner(event))
            consumer.counted(event, entry.count);
    }
}

void KernelSide::report_losses() {
    const std::uint64_t lost = sum_over_types(source_.stats().lost);
    if (lost == lost_reported_)
        return;
    spdlog::warn("the ring buffer was full for {} events: they are counted, but their details "
                 "are lost; a larger --ring helps",
                 lost - lost_reported_);
    lost_reported_ = lost;
}

void KernelSide::report_totals() const {
    spdlog::info("{} transitions skipped by recursion, {} ends of sockets recovered by the catcher",
                 source_.recursion_misses(), sum_over_types(source_.stats().caught));
    spdlog::info("{} passive closes were counted in slots", source_.counted_in_slots());
}

} // namespace twtrace
