// Compares two spans of recordings: per service and peer, and by the doctor's findings.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "account/accounting.h"
#include "aggregate/group.h"
#include "aggregate/ports_held.h"
#include "doctor/finding.h"
#include "doctor/flow.h"
#include "model/event.h"

namespace twtrace {

struct DiffKey {
    std::string service;
    Role role = Role::Unknown;
    Address remote;         ///< of clients; none: servers, or the sum of all that did not fit
    std::uint16_t port = 0; ///< of the side that listens
    auto operator<=>(const DiffKey&) const = default;
};

struct DiffNumbers {
    Counts counts;
    doctor::Lifetimes lifetimes;
    std::string remote_service; ///< of a client; empty: not on that host, or not known
};

/// One of the two spans.
class DiffSide {
  public:
    std::string name; ///< as the user gave it
    std::string host;
    std::uint64_t start_wall_ns = 0;
    std::uint64_t end_wall_ns = 0;
    double seconds = 0;
    std::vector<doctor::Finding> findings;
    Accounting accounting;

    void add(const Event& event, std::uint64_t times);
    /// Adds the ports that are taken now; the maximum for each destination is kept.
    void take_ports(const PortsHeld& held);

    [[nodiscard]] const Counts& totals() const { return totals_; }
    [[nodiscard]] const std::map<DiffKey, DiffNumbers>& rows() const { return rows_; }
    /// Maximum share (0 to 1) of the ephemeral ports; none: none was taken.
    [[nodiscard]] std::optional<double> port_use(const DiffKey& key) const;
    [[nodiscard]] double rate(std::uint64_t times) const {
        return seconds > 0 ? static_cast<double>(times) / seconds : 0;
    }

  private:
    static constexpr std::size_t max_rows = 20'000;
    Counts totals_;
    std::map<DiffKey, DiffNumbers> rows_;
    std::map<std::pair<Address, std::uint16_t>, double> worst_ports_;
};

struct DiffRow {
    struct Values {
        double rate = 0; ///< entries into TIME_WAIT a second
        Counts counts;
        std::optional<double> port_use;
        std::optional<std::uint64_t> lifetime_below_us; ///< upper bound of the median
    };
    DiffKey key;
    std::string remote_service;   ///< of the later side that knows it
    std::optional<Values> before; ///< none: it is new
    std::optional<Values> after;  ///< none: it is gone

    [[nodiscard]] double change() const {
        return (after ? after->rate : 0) - (before ? before->rate : 0);
    }
};

struct Diff {
    const DiffSide* before = nullptr;
    const DiffSide* after = nullptr;
    std::vector<DiffRow> rows; ///< the largest change first
    // The doctor's findings.
    std::vector<const doctor::Finding*> gone;
    std::vector<const doctor::Finding*> appeared;
    std::vector<const doctor::Finding*> still; ///< in both; of `after`
};

/// The result points into both.
Diff compare(const DiffSide& before, const DiffSide& after);

} // namespace twtrace
