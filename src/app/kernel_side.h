// The kernel side of a live run: the schedule of ring reads, and the events that it only counted.
#pragma once

#include <chrono>
#include <cstdint>

#include "account/kernel_counts.h"
#include "app/event_source.h"
#include "app/read_schedule.h"
#include "attribute/attributor.h"
#include "filter/filter.h"
#include "source/live.h"

namespace twtrace {

class KernelSide {
  public:
    KernelSide(LiveSource source, std::uint32_t ring_bytes)
        : source_(std::move(source)), ring_bytes_(ring_bytes) {}

    [[nodiscard]] const LiveSource& source() const { return source_; }

    /// Passes the records in the ring to handler; returns their number.
    std::size_t read(RecordHandler& handler);
    /// The time until the next read of the ring, while there are events.
    [[nodiscard]] std::chrono::milliseconds read_every() const { return read_every_; }
    /// quiet: that read was empty, and no event waits to be passed on. True: the kernel side will
    /// wake its reader with the next event.
    bool may_sleep(bool quiet);
    void detach() { source_.detach(); }

    /// Passes on what the kernel side counted instead of sending it.
    void pass_counted(const Filter& filter, const KernelCounts& counts, Attributor& attributor,
                      EventConsumer& consumer);
    /// Logs how many events were dropped since the last call because the ring was full.
    void report_losses();
    /// Logs totals at the end, with -v.
    void report_totals() const;

  private:
    LiveSource source_;
    std::uint32_t ring_bytes_;
    ReadSchedule schedule_;
    std::chrono::milliseconds read_every_ = usual_pause;
    std::uint64_t lost_reported_ = 0;
};

} // namespace twtrace
