// An entry in substate FIN_WAIT2 may be retracted by a reset that follows within microseconds
// (docs/design.md, Settling). Such events are held until that can't happen any more. Later events
// are held behind them, so order is kept. Events of minisocks are held too: another CPU may report
// them before the entry.
#pragma once

#include <cstdint>

#include "model/event.h"
#include "util/fifo.h"

namespace twtrace {

class RetractionWindow {
  public:
    /// How long an entry may be retracted. The reset is sent in the same softirq or system call; it
    /// takes longer than microseconds only if the CPU is preempted in between (in a virtual
    /// machine, for example).
    static constexpr std::uint64_t hold_ns = 50'000'000;

    /// Calls out(event) for this event and for earlier ones that are settled; it may change them.
    /// Everything that happened until now_ns (CLOCK_MONOTONIC) must have been pushed.
    template <typename Out>
    void push(Event& event, std::uint64_t now_ns, Out&& out) {
        if (event.retracts && convert(event))
            return;
        if (waiting_.empty() && !waits(event)) {
            out(event);
            return;
        }
        insert(event);
        release(now_ns, out);
    }
    template <typename Out>
    void release(std::uint64_t now_ns, Out&& out) {
        while (!waiting_.empty() && is_settled(waiting_.front(), now_ns)) {
            out(waiting_.front());
            waiting_.pop_front();
        }
    }
    /// To be called at the end, when no record can follow.
    template <typename Out>
    void release_all(Out&& out) {
        for (; !waiting_.empty(); waiting_.pop_front())
            out(waiting_.front());
    }
    [[nodiscard]] bool empty() const { return waiting_.empty(); }

  private:
    static bool may_be_retracted(const Event& event) {
        return event.stage == Stage::FinWait2 && !event.of_minisock();
    }
    static bool waits(const Event& event) { return may_be_retracted(event) || event.of_minisock(); }
    static bool is_settled(const Event& event, std::uint64_t now_ns) {
        return !waits(event) || (now_ns > event.time_ns && now_ns - event.time_ns > hold_ns);
    }
    /// Replaces the waiting TimeWait event that this one retracts by it; false if there is none.
    bool convert(const Event& retraction);
    void insert(const Event& event);

    Fifo<Event> waiting_;
};

} // namespace twtrace
