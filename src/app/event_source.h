// The source of a command's events: a live run, or a recording. Commands see no difference.
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
    /// Events that the kernel side only counted: no time, no lifetime, no ephemeral port. Called
    /// about once a second.
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

    /// After the run: the complete accounting. While it runs: the state at the last full second.
    /// That boundary is less exact, and events within a few microseconds may fall on either side.
    [[nodiscard]] virtual const Accounting& accounting() const = 0;
    /// The inputs of accounting().
    [[nodiscard]] virtual const Accounting::Inputs& accounting_inputs() const = 0;
    /// The time up to which accounting() counts; 0: none yet.
    [[nodiscard]] virtual std::uint64_t accounted_until_ns() const = 0;
    struct Checkpoint {
        std::uint64_t at_ns = 0; ///< 0: none yet
        Accounting::Inputs inputs;
    };
    /// The last full second for which all earlier events were delivered. Unlike in accounting(),
    /// the end of the run is not included.
    [[nodiscard]] virtual const Checkpoint& last_checkpoint() const = 0;
    /// The time up to which the next checkpoint counts, once all events until then were delivered;
    /// 0: none is chosen. No later event is delivered before it is chosen.
    [[nodiscard]] virtual std::uint64_t next_checkpoint_ns() const = 0;
    /// Since the start, by a clock that can't be set.
    [[nodiscard]] virtual double elapsed_s() const = 0;
    [[nodiscard]] virtual std::uint64_t now_ns() const = 0;
    [[nodiscard]] virtual std::uint64_t wall_of(std::uint64_t at_ns) const = 0;
    [[nodiscard]] virtual std::uint64_t start_wall_ns() const = 0;
    /// While it runs: now.
    [[nodiscard]] virtual std::uint64_t end_wall_ns() const = 0;

    /// Why the number of present minisocks may be inexact; none: minisocks were not requested.
    struct EndsLosses {
        /// Records of minisocks that were dropped because the ring was full.
        std::uint64_t lost = 0;
        std::uint64_t untracked = 0; ///< entries that did not fit in the table of present ones
    };
    [[nodiscard]] virtual std::optional<EndsLosses> ends_losses() const = 0;

    struct Host {
        std::string name;
        std::string kernel;
    };
    [[nodiscard]] virtual Host host() const = 0;
    /// Those with these inodes; empty: all. Must not outlive this object.
    [[nodiscard]] virtual std::unique_ptr<NamespaceViews>
    namespaces(const std::vector<std::uint32_t>& chosen) const = 0;
    /// Time-wait sockets from before at_ns. Their ports are added to flows.
    [[nodiscard]] virtual Inherited inherited(const std::vector<std::uint32_t>& chosen,
                                              std::uint64_t at_ns, Flows& flows) const = 0;
};

} // namespace twtrace
