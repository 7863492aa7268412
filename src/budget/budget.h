// A budget: "fail if this number of a summary is too large", as --fail-if states it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregate/grouping.h"
#include "aggregate/snapshot.h"
#include "util/result.h"

namespace twtrace {

enum class Measure {
    TimeWait,
    FinWait2,
    Aborted,
    PassiveClose,
    PortExhausted,
    Rate,    ///< time_wait a second
    PortUse, ///< share of the ephemeral ports, 0 to 1; the largest of the peers
};

enum class Comparison { Greater, AtLeast, Less, AtMost, Equal };

/// Limits a budget to a part of the summary. Empty members select everything.
struct BudgetScope {
    std::string service;
    std::string unit;
    std::string container; ///< how the id begins
    std::string comm;
    std::optional<Address> peer;
    std::optional<std::uint16_t> peer_port; ///< of the side that listens

    [[nodiscard]] bool whole() const;
};

struct Budget {
    std::string text; ///< as the user wrote it
    Measure measure = Measure::TimeWait;
    Comparison comparison = Comparison::Greater;
    double limit = 0;
    BudgetScope scope;
};

/// FIELD[{LABEL=VALUE,...}] OPERATOR NUMBER, such as "time_wait{peer=127.0.0.1:5432} > 10". The
/// error lists the valid fields, labels or operators.
Result<Budget> parse_budget(const std::string& text);

/// A usage error if a row of this grouping may have closes with different values of a label that a
/// budget has: judge() would not find them.
Result<void> check_grouping(const std::vector<Budget>& budgets, GroupBy by);

/// The verdict on one budget.
struct BudgetVerdict {
    std::string budget; ///< Budget::text
    /// None: the summary does not contain this number. Such a budget is not exceeded.
    std::optional<double> value;
    bool exceeded = false;
    /// If exceeded: the number, the largest contributor, and the next command to run.
    std::string message;
};

/// The snapshot must contain all peers of each group, or a budget of a peer may be judged on too
/// few.
BudgetVerdict judge(const Budget& budget, const Snapshot& snapshot);
std::vector<BudgetVerdict> judge(const std::vector<Budget>& budgets, const Snapshot& snapshot);
/// Merges the verdicts of several summaries: for each budget keeps the first one that exceeded it,
/// else the latest.
void merge_verdicts(std::vector<BudgetVerdict>& all, std::vector<BudgetVerdict> latest);

} // namespace twtrace
