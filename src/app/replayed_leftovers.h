// The time-wait sockets of a recording that are older than a span and still exist at its end.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include <tsl/robin_map.h>

#include "app/event_source.h"
#include "app/replay.h"
#include "doctor/observations.h"

namespace twtrace {

class ReplayedLeftovers : public EventConsumer {
  public:
    /// replay: the span, before it is run. options: its --begin and --end. If the span is shorter
    /// than a minute, reads what precedes it within a minute of its end.
    static Result<ReplayedLeftovers> before(const Replay& replay, const Options& options);

    /// An event of the span: a new close of the same addresses and ports ends an older one.
    void event(const Event& event) override;
    void counted(const Event& /*event*/, std::uint64_t /*times*/) override {}

    /// Those that exist at the end of the span; UTC, nanoseconds.
    [[nodiscard]] doctor::Leftovers at(std::uint64_t end_wall_ns) const;

  private:
    static constexpr std::size_t max_sockets = 1'000'000; // a minute of 17,000 closes a second
    struct Socket {
        std::uint64_t until_wall_ns;
        const std::string* service; // null: not known
    };
    void add(const Replay& replay);
    void add(std::uint64_t key, std::uint64_t until_wall_ns, std::string_view service);

    tsl::robin_map<std::uint64_t, Socket> sockets_;
    std::set<std::string, std::less<>> services_;
    bool in_span_ = false;
};

} // namespace twtrace
