// The kernel side of a live run: when its ring is read, and what it could only count.
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

    /// Hands over what is in the ring; returns the number of records.
    std::size_t read(RecordHandler& handler);
    /// The time until the ring is to be read again, while events come.
    [[nodiscard]] std::chrono::milliseconds read_every() const { return read_every_; }
    /// quiet: that read brought nothing, and nothing waits to be passed on. True: the kernel side
    /// will wake its reader with the next event.
    bool may_sleep(bool quiet);
    void detach() { source_.detach(); }

    /// Passes on what the kernel side counted instead of sending it.
    void pass_counted(const Filter& filter, const KernelCounts& counts, Attributor& attributor,
                      EventConsumer& consumer);
    /// Says how many events found the ring full since the last call.
    void report_losses();
    /// At the end, with -v.
    void report_totals() const;

  private:
    LiveSource source_;
    std::uint32_t ring_bytes_;
    ReadSchedule schedule_;
    std::chrono::milliseconds read_every_ = usual_pause;
    std::uint64_t lost_reported_ = 0;
};

} // namespace twtrace
