#include <algorithm>

#include <fmt/format.h>

#include "budget/budget.h"
#include "sink/summary_fields.h"
#include "util/text.h"

namespace twtrace {

namespace {

bool matches(const std::string& wanted, const std::optional<std::string>& name) {
    return wanted.empty() || name == wanted;
}

// A process whose threads have different names has no comm, but its own name.
bool matches_comm(const BudgetScope& scope, const GroupRow& row) {
    return matches(scope.comm, row.comm ? row.comm : row.process);
}

bool matches(const BudgetScope& scope, const GroupRow& row) {
    const bool container = scope.container.empty() ||
                           (row.container && row.container->starts_with(
                                                 scope.container.substr(0, row.container->size())));
    // "nginx" is the unit nginx.service, as for --unit.
    const bool unit = matches(scope.unit, row.unit) || row.unit == scope.unit + ".service";
    return matches(scope.service, row.service) && unit && container && matches_comm(scope, row);
}

bool matches(const BudgetScope& scope, const PeerRow& peer) {
    return (!scope.peer || peer.remote == scope.peer) &&
           (!scope.peer_port || peer.service_port == scope.peer_port);
}

std::uint64_t count_of(Measure measure, const Counts& counts) {
    switch (measure) {
    case Measure::FinWait2:
        return counts.fin_wait2;
    case Measure::Aborted:
        return counts.aborted;
    case Measure::PassiveClose:
        return counts.passive_close;
    case Measure::PortExhausted:
        return counts.port_exhausted;
    case Measure::TimeWait:
    case Measure::Rate:
    case Measure::PortUse:
        break;
    }
    return counts.time_wait;
}

// The contribution of one group, and its largest peer.
struct Part {
    std::optional<double> value;
    const PeerRow* largest_peer = nullptr;
};

Part part_of_peers(const Budget& budget, const GroupRow& row) {
    Part part;
    for (const PeerRow& peer : row.peers) {
        if (!matches(budget.scope, peer))
            continue;
        const bool use = budget.measure == Measure::PortUse;
        if (use && !peer.port_use)
            continue;
        const double value = use ? *peer.port_use : static_cast<double>(peer.time_wait);
        const double before = part.value.value_or(0);
        if (part.largest_peer == nullptr ||
            (use ? value > before : peer.time_wait > part.largest_peer->time_wait))
            part.largest_peer = &peer;
        part.value = use ? std::max(before, value) : before + value;
    }
    return part;
}

Part part_of(const Budget& budget, const GroupRow& row) {
    Part part = part_of_peers(budget, row);
    if (!budget.scope.peer && budget.measure != Measure::PortUse)
        part.value = static_cast<double>(count_of(budget.measure, row.counts));
    return part;
}

struct Sum {
    std::optional<double> value;
    const GroupRow* largest_group = nullptr;
    const PeerRow* peer = nullptr; ///< its largest peer
};

Sum sum_of(const Budget& budget, const Snapshot& snapshot) {
    Sum sum;
    double largest = -1;
    for (const GroupRow& row : snapshot.groups) {
        if (!matches(budget.scope, row))
            continue;
        const Part part = part_of(budget, row);
        if (!part.value)
            continue;
        const double before = sum.value.value_or(0);
        sum.value = budget.measure == Measure::PortUse ? std::max(before, *part.value)
                                                       : before + *part.value;
        if (*part.value > largest) {
            largest = *part.value;
            sum.largest_group = &row;
            sum.peer = part.largest_peer;
        }
    }
    if (budget.measure == Measure::PortUse)
        return sum;
    // Nothing matched: nothing was closed. The totals include groups beyond the bound of the table.
    sum.value = budget.scope.whole()
                    ? static_cast<double>(count_of(budget.measure, snapshot.totals))
                    : sum.value.value_or(0);
    if (budget.measure == Measure::Rate)
        *sum.value = snapshot.duration_s > 0 ? *sum.value / snapshot.duration_s : 0;
    return sum;
}

bool compare(double value, Comparison comparison, double limit) {
    switch (comparison) {
    case Comparison::Greater:
        return value > limit;
    case Comparison::AtLeast:
        return value >= limit;
    case Comparison::Less:
        return value < limit;
    case Comparison::AtMost:
        return value <= limit;
    case Comparison::Equal:
        break;
    }
    return value == limit;
}

std::string number_text(Measure measure, double value) {
    switch (measure) {
    case Measure::Rate:
        return fmt::format("{:.1f}/s", value);
    case Measure::PortUse:
        return fmt::format("{:.3f}", value);
    default:
        return fmt::format("{:.0f}", value);
    }
}

std::string closer_text(const GroupRow& row) {
    const auto& name = row.service ? row.service : row.comm;
    std::string text = name ? printable(*name) : row.is_other ? "other groups" : "unknown closers";
    if (row.pid)
        text += fmt::format(" (pid {})", *row.pid);
    else if (row.processes)
        text += fmt::format(" ({} processes{})", *row.processes,
                            row.parent ? " started by " + printable(*row.parent) : "");
    return text;
}

std::string message_of(const Budget& budget, const Sum& sum, const Snapshot& snapshot) {
    std::string text = fmt::format("budget exceeded: {}: it is {}", printable(budget.text),
                                   number_text(budget.measure, *sum.value));
    if (sum.largest_group != nullptr && *sum.value > 0) {
        text += fmt::format(", most of it by {}", closer_text(*sum.largest_group));
        if (sum.peer != nullptr)
            text += " towards " + peer_text(*sum.peer);
    }
    if (snapshot.accounting.unaccounted > 0)
        text +=
            fmt::format("; {} more entries are not accounted for", snapshot.accounting.unaccounted);
    return text + "; `twtrace doctor` says what to change";
}

} // namespace

bool BudgetScope::whole() const {
    return service.empty() && unit.empty() && container.empty() && comm.empty() && !peer;
}

BudgetVerdict judge(const Budget& budget, const Snapshot& snapshot) {
    const Sum sum = sum_of(budget, snapshot);
    BudgetVerdict verdict{budget.text, sum.value, false, {}};
    verdict.exceeded = sum.value && compare(*sum.value, budget.comparison, budget.limit);
    if (verdict.exceeded)
        verdict.message = message_of(budget, sum, snapshot);
    return verdict;
}

std::vector<BudgetVerdict> judge(const std::vector<Budget>& budgets, const Snapshot& snapshot) {
    std::vector<BudgetVerdict> verdicts;
    verdicts.reserve(budgets.size());
    for (const Budget& budget : budgets)
        verdicts.push_back(judge(budget, snapshot));
    return verdicts;
}

void merge_verdicts(std::vector<BudgetVerdict>& all, std::vector<BudgetVerdict> latest) {
    all.resize(latest.size());
    for (std::size_t i = 0; i < latest.size(); i++)
        if (!all[i].exceeded)
            all[i] = std::move(latest[i]);
}

} // namespace twtrace
