// Where a command's events come from: a live run, or a recording of one. Commands can't tell which.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "account/accounting.h"
#include "account/namespace_views.h"
#include "aggregate/flows.h"
#include "aggregate/inherited.h"
#include "cli/options.h"
#include "model/event.h"
#include "util/result.h"

namespace twtrace {

class EventConsumer {
  public:
    virtual ~EventConsumer() = default;
    virtual void event(const Event& event) = 0;
    /// The kernel side only counted these: no time, no lifetime, no ephemeral port. About once a
    /// second.
    virtual void counted(const Event& event, std::uint64_t times) = 0;
};

/// Times are CLOCK_MONOTONIC of the host that was traced, in nanoseconds, unless they are named
/// wall: UTC since 1970.
class EventSource {
  public:
    virtual ~EventSource() = default;

    /// Feeds consumer until the end; after_batch runs after each batch of events and returns false
    /// to stop.
    virtual Result<void> run(const Options& options, EventConsumer& consumer,
                             const std::function<Result<bool>()>& after_batch) = 0;

    /// After the run: all of it. While it runs: as it was at the last full second, and for lack of
    /// that boundary's care, good to the events of a few microseconds.
    [[nodiscard]] virtual const Accounting& accounting() const = 0;
    /// What accounting() was made of.
    [[nodiscard]] virtual const Accounting::Inputs& accounting_inputs() const = 0;
    /// The moment up to which accounting() counts; 0: none yet.
    [[nodiscard]] virtual std::uint64_t accounted_until_ns() const = 0;
    struct Checkpoint {
        std::uint64_t at_ns = 0; ///< 0: there was none yet
        Accounting::Inputs inputs;
    };
    /// The last full second that all events up to it have come through for. Unlike accounting(),
    /// the end of the run is none.
    [[nodiscard]] virtual const Checkpoint& last_checkpoint() const = 0;
    /// The moment up to which it will count next, once all events until then have come through; 0:
    /// none is chosen. No event after it was handed out before it was chosen.
    [[nodiscard]] virtual std::uint64_t next_checkpoint_ns() const = 0;
    /// Since the start, by a clock that nobody sets.
    [[nodiscard]] virtual double elapsed_s() const = 0;
    [[nodiscard]] virtual std::uint64_t now_ns() const = 0;
    [[nodiscard]] virtual std::uint64_t wall_of(std::uint64_t at_ns) const = 0;
    [[nodiscard]] virtual std::uint64_t start_wall_ns() const = 0;
    /// While it runs: now.
    [[nodiscard]] virtual std::uint64_t end_wall_ns() const = 0;

    /// What may make the present minisocks inexact; none: nobody asked for them.
    struct EndsLosses {
        std::uint64_t lost = 0;      ///< records of minisocks that found the ring full
        std::uint64_t untracked = 0; ///< entries that the table of present ones has no room for
    };
    [[nodiscard]] virtual std::optional<EndsLosses> ends_losses() const = 0;

    struct Host {
        std::string name;
        std::string kernel;
    };
    [[nodiscard]] virtual Host host() const = 0;
    /// Those with these inodes; none given: all. May outlive neither this object nor its use.
    [[nodiscard]] virtual std::unique_ptr<NamespaceViews>
    namespaces(const std::vector<std::uint32_t>& chosen) const = 0;
    /// Time-wait sockets from before at_ns. Their ports go to flows.
    [[nodiscard]] virtual Inherited inherited(const std::vector<std::uint32_t>& chosen,
                                              std::uint64_t at_ns, Flows& flows) const = 0;
};

} // namespace twtrace
