// What the doctor reads in addition to the events: sockets, settings and counters of the network
// namespaces, at the start and at the end.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "account/net_settings.h"
#include "account/open_namespaces.h"
#include "app/leftovers.h"
#include "doctor/observations.h"
#include "doctor/port_counter.h"
#include "filter/filter.h"
#include "util/port_set.h"
#include "util/result.h"

namespace twtrace::doctor {

class HostReading {
  public:
    explicit HostReading(const Filter& filter) : filter_(filter) {}

    /// Errors: a chosen namespace can't be entered, or the kernel lists no sockets.
    Result<void> begin();
    /// seen already contains its flows. What can no longer be read is added to notes(). leftovers:
    /// whether to count those, too.
    void end(Observations& seen, bool leftovers = true);

    /// What could not be read, for the user.
    [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  private:
    struct Counted {
        NetSettings settings;
        std::optional<SockStat> counts;
        Conntrack conntrack;
        PortSet listeners;
        bool listeners_known = false;
        std::unique_ptr<PortCounter> ports; // null: too few sockets to run out of ports
    };
    using All = std::map<std::uint32_t, std::unique_ptr<Counted>>;

    Result<std::vector<OpenNamespace>> open();
    /// leftovers: null: not wanted.
    Result<All> count(LeftoverCount* leftovers);
    Result<void> count_in(OpenNamespace& space, Counted& counted, LeftoverCount* leftovers) const;
    void fill(std::uint32_t netns, const Counted& counted, const Observations& seen,
              NamespaceFacts& facts) const;
    void leave_out_others(Observations& seen) const;

    const Filter& filter_;
    All before_;
    std::uint64_t counted_ns_ = 0;
    std::map<std::uint32_t, std::uint64_t> overflow_before_;
    std::vector<std::string> notes_;
};

} // namespace twtrace::doctor
